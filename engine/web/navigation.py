"""The sidebar and the phone's bottom bar: what a person's roles may use, and nothing grey (pages.md, 2.1)."""

from dataclasses import dataclass

from flask import g, url_for

from engine.model.people import Actor, OfficeRole
from engine.web.authentication import now
from engine.web.services import services
from engine.web.texts import gettext


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the navigation."""

    url: str
    icon: str
    label: str
    active: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under a heading."""

    label: str
    items: tuple[MenuItem, ...]


def open_tasks(actor: Actor) -> int:
    """Return how many tasks a person can do now, as the page that is shown counted them, if it did."""
    return int(g.open_tasks) if "open_tasks" in g else services().inbox.count(actor)


def of(actor: Actor, path: str) -> tuple[Group, ...]:
    """Return the groups of the navigation for *actor*, with the entry of *path* marked."""

    def item(endpoint: str, icon: str, label: str, count: int | None = None) -> MenuItem:
        url = url_for(endpoint)
        return MenuItem(url, icon, label, path == url or path.startswith(url + "/"), count)

    work: list[MenuItem] = []
    if not actor.roles:
        return ()
    work.append(item("sign_in.home", "home", gettext("Beranda")))
    staff = bool(actor.roles - set(OfficeRole))
    if staff:
        work.append(item("tasks.inbox", "inbox", gettext("Tugas"), open_tasks(actor)))
    if actor.has(OfficeRole.DESIGNER):
        work.append(item("studio.index", "vector-bezier-2", gettext("Studio")))
    if actor.has(OfficeRole.AUDITOR):
        work.append(item("audit.index", "eye-check", gettext("Pemeriksaan")))
    work.append(item("instances.index", "stack-2", gettext("Pelaksanaan")))
    work.append(item("documents.index", "files", gettext("Dokumen")))
    work.append(item("processes.index", "sitemap", gettext("SOP")))
    work.append(item("registers.index", "table", gettext("Register")))
    groups = [Group(gettext("Pekerjaan"), tuple(work))]
    if actor.has(OfficeRole.OPERATOR) or actor.has(OfficeRole.AUDITOR):
        numbers = item("numbers.index", "hash", gettext("Nomor surat"))
        people = item("people.index", "users", gettext("Orang"), len(services().people.proposals(actor, now())))
    if actor.has(OfficeRole.OPERATOR):
        health = item("operations.index", "activity", gettext("Operasi"))
        incidents = item("incidents.index", "alert-octagon", gettext("Insiden"), services().incidents.count_open())
        calendar = item("operations.calendar", "calendar", gettext("Kalender"))
        groups.append(Group(gettext("Operator"), (health, incidents, people, calendar, numbers)))
        if not staff:
            groups.reverse()  # the phone's bar begins with what somebody is here for
    elif actor.has(OfficeRole.AUDITOR):
        incidents = item("incidents.index", "alert-octagon", gettext("Insiden"))
        groups.append(Group(gettext("Data"), (people, incidents, numbers)))
    return tuple(groups)
