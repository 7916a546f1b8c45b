"""Settings, incidents, heartbeats and figures for the operator."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.model.errors import Conflict
from engine.model.history import Action, HistoryEvent
from engine.model.process import Incident, InstanceStatus
from engine.model.work import IncidentRecord, TaskStatus
from engine.store.queries import Rows, Transaction, behind, changed, one, some
from engine.store.tables import heartbeat, history, incident, instance, person, setting, task, timer, web_session
from engine.store.unit_of_work import Work

DAMAGED = "damaged"
RESTORED = "restored"
"""Name of a heartbeat in a restored copy, which stops jobs until the operator confirms the copy."""
MOST_DAMAGED = 19  # older entries that are kept with a new one
ROWS = Rows(IncidentRecord, incident, instance)
INCIDENTS = ROWS.query.join(instance, instance.c.id == incident.c.instance_id)


def read_setting(tx: Transaction, section: str) -> tuple[dict[str, Any], int] | None:
    """Return a section of the settings with its revision."""
    query = select(setting.c.value, setting.c.revision).where(setting.c.section == section)
    return one(tx, query, lambda row: (row.value, row.revision))


def write_setting(
    work: Work, section: str, value: Mapping[str, Any], revision: int | None, change: Mapping[str, Any]
) -> None:
    """Write a section over *revision* (None: a new one), and record *change*; Conflict if somebody was faster."""
    facts = {"value": dict(value), "changed_at": work.now, "changed_by": work.actor.person_id}
    if revision is None:
        work.connection.execute(insert(setting), {"section": section, "revision": 1, **facts})
    else:
        stands = update(setting).where(setting.c.section == section, setting.c.revision == revision)
        if changed(work, stands.values(revision=revision + 1, **facts)) != 1:
            raise Conflict("stale")
    work.record("office", HistoryEvent(Action.SETTING_CHANGED, change={"section": section, **change}))


def open_incident(tx: Transaction, id_: str, instance_id: str, raised: Incident, data: Any, now: datetime) -> None:
    """Write an incident."""
    found = {name: getattr(raised, name) for name in ("task_id", "element_id", "cause", "trace")}
    facts = {"id": id_, "instance_id": instance_id, "data": data, "attempts": 1, "status": "open", "created_at": now}
    tx.connection.execute(insert(incident), found | facts)


def open_incidents_of(tx: Transaction, instance_id: str) -> tuple[IncidentRecord, ...]:
    """Return the open incidents of an instance."""
    query = INCIDENTS.where(incident.c.instance_id == instance_id, incident.c.status == "open")
    return ROWS.every(tx, query.order_by(incident.c.created_at, incident.c.id))


def incidents(
    tx: Transaction,
    status: str | None,
    limit: int,
    offset: int,
    *,
    instance_id: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> tuple[tuple[IncidentRecord, ...], bool]:
    """Return one page of incidents, newest first, and whether more follow."""
    query = INCIDENTS.order_by(incident.c.created_at.desc(), incident.c.id)
    if status is not None:
        query = query.where(incident.c.status == status)
    if instance_id:
        query = query.where(incident.c.instance_id == instance_id)
    if after is not None:
        query = query.where(behind(after, incident.c.created_at, incident.c.id))
    return some(tx, query, ROWS.read, limit, offset)


def incident_by_id(tx: Transaction, id_: str) -> IncidentRecord | None:
    """Return the incident with this id."""
    return ROWS.one(tx, INCIDENTS.where(incident.c.id == id_))


def change_incident(tx: Transaction, id_: str, **values: Any) -> None:
    """Change the row of an incident."""
    tx.connection.execute(update(incident).where(incident.c.id == id_).values(**values))


def beat(tx: Transaction, name: str, now: datetime, detail: Mapping[str, Any]) -> None:
    """Write the heartbeat of *name*."""
    values = {"at": now, "detail": dict(detail)}
    if changed(tx, update(heartbeat).where(heartbeat.c.name == name).values(values)) == 0:
        tx.connection.execute(insert(heartbeat), {"name": name, **values})


def beats(tx: Transaction) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Return the heartbeats by name."""
    return {row.name: (row.at, row.detail) for row in tx.connection.execute(select(heartbeat))}


def is_restored(tx: Transaction) -> bool:
    """Whether this is a restored copy that is not confirmed yet."""
    return one(tx, select(heartbeat.c.name).where(heartbeat.c.name == RESTORED), bool) is not None


def confirm_restored(tx: Transaction) -> bool:
    """Confirm a restored copy, so that jobs run; return False if there is nothing to confirm."""
    return changed(tx, delete(heartbeat).where(heartbeat.c.name == RESTORED)) > 0


def note_damaged(tx: Transaction, sha256: str, name: str, now: datetime) -> None:
    """Record for the operator that a stored file is missing or changed."""
    _, known = beats(tx).get(DAMAGED, (now, {}))
    known = {key: known[key] for key in sorted(known, key=lambda key: str(known[key]["at"]))[-MOST_DAMAGED:]}
    beat(tx, DAMAGED, now, {**known, sha256: {"name": name, "at": now.isoformat()}})


def figures(tx: Transaction, now: datetime, seen_since: datetime) -> dict[str, int]:
    """Return the operator's figures, such as running instances, overdue tasks and signed-in people."""

    def count(table: Any, *conditions: Any) -> Any:
        return select(func.count()).select_from(table).where(*conditions).scalar_subquery()

    signed_in = (web_session.c.ended_at.is_(None), web_session.c.last_seen_at > seen_since)
    row = tx.connection.execute(
        select(
            count(instance, instance.c.status == InstanceStatus.RUNNING.value).label("running"),
            count(instance, instance.c.status == InstanceStatus.WAITING.value).label("waiting"),
            count(instance, instance.c.status == InstanceStatus.INCIDENT.value).label("stopped"),
            count(incident, incident.c.status == "open").label("incidents"),
            count(task, task.c.status == TaskStatus.READY.value).label("open_tasks"),
            count(task, task.c.status == TaskStatus.READY.value, task.c.due_at < now).label("overdue"),
            count(timer, timer.c.due_at <= now).label("late_timers"),
            count(timer).label("timers"),
            count(person, person.c.active).label("people"),
            select(func.count(web_session.c.person_id.distinct()))
            .where(*signed_in)
            .scalar_subquery()
            .label("signed_in"),
            count(history).label("lines"),
        )
    ).one()
    return dict(row._mapping)
