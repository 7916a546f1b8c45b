"""Guarded roles: those that nobody gets by one person's word, because one who has them watches, rules or signs.

They are the office roles and every lane that signs, that is with a step whose form asks for a signature, or that
approves documents; a lane that signed stays guarded when a later version of its SOP asks for none. The setting says
otherwise, role by role. It is changed at the operator's console alone: taking a guard off in the browser would be one
person's word again.
"""

from collections.abc import Collection

from engine.model.people import OfficeRole
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.queries import Transaction, definitions, office
from engine.store.unit_of_work import Work

SECTION = "guards"


def guarded(tx: Transaction, procedures: Procedures) -> frozenset[str]:
    """Return the roles that two people give."""
    signing = [role for record in definitions.all_latest(tx) for role in _signing(procedures.of(tx, record.id))]
    found = {**dict.fromkeys([*OfficeRole, *signing], True), **_setting(tx)[0]}
    return frozenset(str(role) for role, on in found.items() if on)


def put(work: Work, roles: Collection[str], on: bool, reason: str) -> None:
    """Guard *roles* from now on, or no more."""
    old, revision = _setting(work)
    new = {**old, **dict.fromkeys(roles, on)}
    if new != old:
        office.write_setting(work, SECTION, new, revision, {"old": old, "new": new, "reason": reason})


def keep(work: Work, procedure: Procedure) -> None:
    """Let the lanes that sign in *procedure* stay guarded when another version takes its place."""
    put(work, _signing(procedure) - _setting(work)[0].keys(), True, f"versi {procedure.record.version}")


def _signing(procedure: Procedure) -> set[str]:
    approving = {each.approver for each in procedure.outline.data_objects if each.approver}
    return approving.union(t.role for t in procedure.outline.tasks if procedure.form_of(t.element_id).signatures)


def _setting(tx: Transaction) -> tuple[dict[str, bool], int | None]:
    return office.read_setting(tx, SECTION) or ({}, None)
