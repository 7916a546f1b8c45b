"""The inbox: what I can do now, what others are waited for, what I did; and deeds on several tasks at once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import AlurError, InvalidForm, NotFound, stated
from engine.service.work.inbox import Inbox, TaskFilter, TaskView
from engine.web import errors
from engine.web.access import signed_in
from engine.web.authentication import actor, now, seal, unseal
from engine.web.formatting import localised, words
from engine.web.lists import Chip, Filter, Listing, asked_filters, asked_place, days_of, listing, offers, periods
from engine.web.services import services
from engine.web.tasks import pages as tasks_pages
from engine.web.texts import gettext

TABS = {"kini": "now", "saya": "mine", "bersama": "free", "menunggu": "waiting", "selesai": "done"}
ORDERS = {"jatuh": "due", "baru": "new", "lama": "old", "judul": "title"}
MOST_AT_ONCE = 100
WEEK = 7


@tasks_pages.get("", signed_in)
def inbox() -> str:
    """Show what I may do now: mine, then what my lanes may take, most urgent first."""
    asked = asked_filters("tampil", "cari", "sop", "periode", "jalur", "orang", "waktu", "kembali", "urut")
    if asked["waktu"] == "dikembalikan":  # as the address said it before
        asked |= {"waktu": "", "kembali": "1"}
    which, order = TABS.get(asked["tampil"], "now"), ORDERS.get(asked["urut"], "due")
    view = TaskView(which, _narrowed(asked), order, asked_place(asked))
    found = services().inbox.page(actor(), now(), view)
    g.open_tasks = found.counts["now"]  # what the navigation says too
    done = [item.task for item in found.items] if which == "done" else []
    mine = services().taking_back.may(actor(), done, now()) if done else ()
    listed = _listing(asked, which, found)
    return render_template("tasks/inbox.html", inbox=found, which=which, list=listed, may_take_back=mine)


def _narrowed(asked: dict[str, str]) -> TaskFilter:
    since, until = days_of(asked["periode"])
    first, last = _due(asked["waktu"])
    person = asked["orang"].casefold()
    names = services().people.names() if person else {}
    return TaskFilter(
        process_id=asked["sop"] or None,
        text=asked["cari"] or None,
        role=asked["jalur"] or None,
        holders={id_ for id_, name in names.items() if person in f"{name} ({id_})".casefold()} if person else None,
        since=since,
        until=until,
        due_from=first,
        due_before=last,
        undated=asked["waktu"] == "tanpa",
        returned=bool(asked["kembali"]),
    )


def _due(asked: str) -> tuple[datetime | None, datetime | None]:
    """Return from when and before when tasks are due."""
    today = services().office.today(now())

    def begins(day: date) -> datetime:
        return datetime.combine(day, time(), services().office.zone())

    match asked:
        case "terlambat":
            return None, now()
        case "hari-ini":
            return begins(today), begins(today + timedelta(days=1))
        case "pekan":
            return begins(today), begins(today + timedelta(days=WEEK))
    return None, None


def _listing(asked: dict[str, str], which: str, found: Inbox) -> Listing:
    offered = offers()
    whole = {"tampil": "", "waktu": "", "kembali": ""}
    late, returned = ("waktu", "terlambat"), ("kembali", "1")
    chips = (
        Chip(gettext("Semua"), whole),
        Chip(gettext("Milik saya"), {**whole, "tampil": "saya"}),
        Chip(gettext("Dapat diambil"), {**whole, "tampil": "bersama"}),
        Chip(gettext("Terlambat"), dict([*whole.items(), late]), found.counts["late"]),
        Chip(gettext("Dikembalikan"), dict([*whole.items(), returned]), found.counts["returned"]),
    )
    lanes = [(role, localised(lane)) for role, lane in offered.lanes.items()]
    filters = [
        Filter("cari", gettext("Periode atau judul")),
        Filter("sop", gettext("SOP"), offered.processes),
        Filter("periode", gettext("Periode"), tuple(periods())),
        Filter("jalur", gettext("Jalur"), lanes) if which != "waiting" else Filter("orang", gettext("Orang")),
        Filter("waktu", gettext("Jatuh tempo"), _dues()),
        Filter("kembali", gettext("Dikembalikan"), tick=True),
    ]
    tabs = (
        ("kini", gettext("Bisa saya kerjakan"), found.counts["now"]),
        ("menunggu", gettext("Menunggu orang lain"), found.counts["waiting"]),
        ("selesai", gettext("Selesai oleh saya"), None),
    )
    orders = (
        ("jatuh", gettext("jatuh tempo") if which != "done" else gettext("terakhir selesai")),
        ("baru", gettext("terbaru")),
        ("lama", gettext("terlama")),
        ("judul", gettext("judul")),
    )
    own = which in ("now", "mine", "free")
    return listing(offered, asked, found.page, filters, orders, tabs=tabs, chips=chips if own else ())


def _dues() -> Sequence[tuple[str, str]]:
    words_ = gettext("terlambat"), gettext("hari ini"), gettext("7 hari ini"), gettext("tanpa tenggat")
    return tuple(zip(("terlambat", "hari-ini", "pekan", "tanpa"), words_, strict=True))


# ── several at once ─────────────────────────────────────────────────────────────────────────────────────────────────


@tasks_pages.post("/banyak", signed_in)
def several() -> Response | tuple[str, int]:
    """Claim, release, hand over or complete every ticked task, each by itself; lead to what came of each."""
    ids = list(dict.fromkeys(request.form.getlist("tugas")))
    deed, reason, to = (request.form.get(name, "") for name in ("tindakan", "alasan", "kepada"))
    by, at = actor(), now()
    deeds: dict[str, Callable[[str], object]] = {
        "ambil": lambda id_: services().assignments.claim(by, id_, at),
        "lepaskan": lambda id_: services().assignments.release(by, id_, at),
        "serahkan": lambda id_: services().assignments.hand_over(by, id_, to, reason, at),
        "selesaikan": lambda id_: services().tasks.confirm(by, id_, at, words()),
    }
    if not 1 <= len(ids) <= MOST_AT_ONCE or deed not in deeds:
        many = gettext("Paling banyak %(n)d tugas sekaligus. Belum ada yang dikerjakan.", n=MOST_AT_ONCE)
        flash(many if len(ids) > 1 else gettext("Centang dahulu tugas yang dimaksud."), "warning")
        return redirect(url_for("tasks.inbox"), 303)
    if deed == "serahkan" and not (to and _is_reason(reason)):
        chosen, people, away = services().inbox.chosen(by, ids, at)
        asked = {"chosen": chosen, "people": people, "away": away, "entries": request.form}
        errors = bool(to or reason)
        return render_template("tasks/hand_over_several.html", errors=errors, **asked), 422 if errors else 200
    came: dict[str, list[str]] = {}
    for id_ in ids:
        came.setdefault(_refused(deeds[deed], id_), []).append(id_)
    return redirect(url_for("tasks.results", sealed=seal(by.person_id, f"{deed} {to}", came)), 303)


@tasks_pages.get("/hasil/<sealed>", signed_in)
def results(sealed: str) -> str:
    """Show what came of a deed on several tasks; its address says it, so that loading it again does nothing."""
    held = unseal(sealed, actor().person_id)
    if held is None:
        raise NotFound(sealed)
    deed, _, to = held[0].partition(" ")
    came = {id_: why for why, ids in held[1].items() for id_ in ids}
    chosen, _, _ = services().inbox.chosen(actor(), list(came), now())
    told = [(id_, chosen.get(id_), why) for id_, why in came.items()]
    return render_template("tasks/results.html", results=told, deed=deed, to=to)


def _is_reason(text: str) -> bool:
    with suppress(InvalidForm):
        return bool(stated(text))
    return False


def _refused(deed: Callable[[str], object], task_id: str) -> str:
    """Do something with one task; return why it was refused, if it was."""
    try:
        deed(task_id)
    except InvalidForm as refusal:
        words_ = {
            "asks": gettext("Langkah ini punya isian; buka tugasnya."),
            "not_in_lane": gettext("Orang itu bukan anggota jalur tugas ini."),
        }
        return words_.get(refusal.errors[0].keyword, gettext("Langkah ini belum dapat diselesaikan; buka tugasnya."))
    except NotFound:
        return gettext("Tugas ini tidak ada.")
    except AlurError as refusal:
        return errors.words_of(refusal)
    return ""
