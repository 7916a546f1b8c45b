"""Guarded roles: only two people together can give them, because their holders audit, administer or sign.

These are the office roles and every lane that signs or approves documents. A lane signs if a form of its steps lets an
account sign; forms for ink alone do not count. A lane stays guarded when a later version of its SOP has no signature. A
setting overrides this for single roles; only the operator's console can change it, since in the browser one person
could remove a guard.
"""

from collections.abc import Collection

from engine.model.people import OfficeRole
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.queries import Transaction, definitions, office
from engine.store.unit_of_work import Work

SECTION = "guards"


def guarded(tx: Transaction, procedures: Procedures) -> frozenset[str]:
    """Return the guarded roles."""
    signing = [role for record in definitions.all_latest(tx) for role in _signing(procedures.of(tx, record.id))]
    found = {**dict.fromkeys([*OfficeRole, *signing], True), **_setting(tx)[0]}
    return frozenset(str(role) for role, on in found.items() if on)


def put(work: Work, roles: Collection[str], on: bool, reason: str) -> None:
    """Start or stop guarding *roles*."""
    old, revision = _setting(work)
    new = {**old, **dict.fromkeys(roles, on)}
    if new != old:
        office.write_setting(work, SECTION, new, revision, {"old": old, "new": new, "reason": reason})


def keep(work: Work, procedure: Procedure) -> None:
    """Keep the signing lanes of *procedure* guarded when another version replaces it."""
    put(work, _signing(procedure) - _setting(work)[0].keys(), True, f"versi {procedure.record.version}")


def _signing(procedure: Procedure) -> set[str]:
    approving = {each.approver for each in procedure.outline.data_objects if each.approver}
    return approving.union(t.role for t in procedure.outline.tasks if procedure.form_of(t.element_id).signs)


def _setting(tx: Transaction) -> tuple[dict[str, bool], int | None]:
    return office.read_setting(tx, SECTION) or ({}, None)
