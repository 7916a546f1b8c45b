"""Lists: one description for each, of its tabs, filters, orders, saved filters and place, all of it in the address.

``parts/list.html`` draws it; the keys of a row stand in ``frontend/js/lists.js``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, flash, redirect, request, url_for
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.lists import Page, Place
from engine.service.work.lists import LONGEST_QUERY, Offers
from engine.web.access import Pages, signed_in
from engine.web.asked import asked_text
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("lists", __name__, url_prefix="/saringan")
PLACE = "letak"
PERIOD = re.compile(r"(20\d\d)(?:-([1-4]))?")
YEARS_BACK = 3
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: a text, a choice, or something to tick."""

    name: str
    label: str
    choices: Choices | None = None
    tick: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that one click sets, with how many it finds."""

    label: str
    set: Mapping[str, str]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as its page shows it."""

    endpoint: str
    offers: Offers
    asked: Mapping[str, str]
    page: Page[Any]
    filters: Sequence[Filter]
    orders: Choices  # the usual one first
    tabs: Sequence[tuple[str, str, int | None]] = ()  # the usual one first
    chips: Sequence[Chip] = ()

    @property
    def tab(self) -> str:
        """The tab that is shown."""
        return self.asked.get("tampil") or (self.tabs[0][0] if self.tabs else "")

    @property
    def narrowed(self) -> tuple[Filter, ...]:
        """The filters that are set."""
        return tuple(each for each in self.filters if self.asked.get(each.name))

    @property
    def query(self) -> str:
        """The list's address behind the question mark, without a place in it."""
        return urlsplit(self.address()).query

    def address(self, place: Place | None = None, **changed: str) -> str:
        """Return the list's address with some of what was asked *changed*, at its first page or at *place*."""
        asked = {name: text for name, text in {**self.asked, **changed}.items() if text}
        if place is not None:
            asked[PLACE] = _places(self.endpoint, self.asked).dumps([[*map(_told, place.at)], place.back])
        return url_for(self.endpoint, **cast(Any, asked))

    def is_set(self, chip: Chip) -> bool:
        """Whether what *chip* sets is asked."""
        return all(self.asked.get(name, "") == text for name, text in chip.set.items())


def offers() -> Offers:
    """Return what the list of this request's page can be narrowed by."""
    return services().lists.offers(actor(), str(request.endpoint))


def listing(offers: Offers, asked: Mapping[str, str], page: Page[Any], *parts: Any, **more: Any) -> Listing:
    """Return the list of this request's page."""
    return Listing(str(request.endpoint), offers, asked, page, *parts, **more)


def asked_filters(*names: str) -> dict[str, str]:
    """Return the texts of the address by the names of filters, each at most once."""
    return {name: asked_text(name) for name in names}


def asked_place(asked: Mapping[str, str]) -> Place | None:
    """Return the place that the address states in a list that is *asked* so; the first page if it is none of ours."""
    try:
        at, back = _places(str(request.endpoint), asked).loads(request.args.get(PLACE, ""))
    except BadData:
        return None
    return Place(tuple(map(_read, at)), back)


def periods() -> Iterator[tuple[str, str]]:
    """Yield the years and quarters that lists are narrowed to, newest first."""
    year = services().office.today(now()).year
    for each in range(year + 1, year - YEARS_BACK, -1):
        yield str(each), str(each)
        for quarter, numeral in enumerate(("I", "II", "III", "IV"), 1):
            yield f"{each}-{quarter}", gettext("Triwulan %(n)s %(year)d", n=numeral, year=each)


def days_of(period: str) -> tuple[date | None, date | None]:
    """Return the first and last day of a year or quarter; nothing of anything else."""
    if (found := PERIOD.fullmatch(period)) is None:
        return None, None
    year, quarter = int(found[1]), int(found[2] or 0)
    last = date(year + (quarter in (0, 4)), (3 * quarter) % 12 + 1, 1) - timedelta(days=1)
    return date(year, 3 * quarter - 2 if quarter else 1, 1), last


def _places(endpoint: str, asked: Mapping[str, str]) -> URLSafeSerializer:
    """Return what signs places: one holds for its own list in its own order alone."""
    order = f"{endpoint} {asked.get('tampil', '')} {asked.get('urut', '')} {asked.get('terlambat', '')}"
    return URLSafeSerializer(str(current_app.secret_key), salt=order)


def _told(value: Any) -> Any:
    return [value.isoformat()] if isinstance(value, datetime) else value


def _read(value: Any) -> Any:
    return datetime.fromisoformat(value[0]) if isinstance(value, list) else value


# ── saved filters ───────────────────────────────────────────────────────────────────────────────────────────────────


@pages.post("/<any(tasks, instances, documents):of>", signed_in)
def save(of: str) -> Response:
    """Keep what a list is narrowed to under a name, for oneself or for a lane of one's own."""
    endpoint = {"tasks": "tasks.inbox"}.get(of, f"{of}.index")
    query = _plain(request.form.get("saringan", ""))
    if len(query) > LONGEST_QUERY:
        flash(gettext("Saringan belum disimpan: isinya terlalu panjang."), "warning")
        return redirect(url_for(endpoint), 303)
    try:
        made = (request.form.get("nama", ""), request.form.get("untuk") or None)
        services().lists.make(actor(), endpoint, query, *made, now())
    except InvalidForm:
        flash(
            gettext("Saringan belum disimpan: beri nama sampai 60 huruf, dan simpan paling banyak 30."),
            "warning",
        )
    return redirect(f"{url_for(endpoint)}?{query}", 303)


@pages.post("/<filter_id>/<any(namai, hapus):deed>", signed_in)
def change(filter_id: str, deed: str) -> Response:
    """Name a saved filter anew, or delete it."""
    found = services().lists.find(actor(), filter_id)
    try:
        services().lists.change(actor(), found, request.form.get("nama", "") if deed == "namai" else None, now())
    except InvalidForm:
        flash(gettext("Beri saringan nama, paling banyak 60 huruf."), "warning")
    return redirect(f"{url_for(found.list)}?{_plain(found.query)}", 303)


def _plain(query: str) -> str:
    """Return a query as an address has it, whatever was sent as one."""
    return urlencode(parse_qsl(query))
