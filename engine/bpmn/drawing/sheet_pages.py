"""Lays out the sheet of an SOP on paper: pages, rows, symbols and arrows, in millimetres.

Lines are broken by the widths of Arimo's letters, so that the SVG and the PDF are the same drawing. A long table breaks
between rows; an arrow across the break ends in an off-page connector and continues from one with the same letter.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.sheet_arrows import POINT, DrawnArrow, PlacedSymbol, fits, route
from engine.bpmn.drawing.text import width, wrap
from engine.model.sop_sheet import END, Arrow, SopSheet, SopStep, Symbol, SymbolKind

PAPERS: Mapping[str, tuple[float, float]] = {"F4": (330, 215), "A4": (297, 210)}
"""Width and height of a page in landscape."""
LEFT, RIGHT, TOP, BOTTOM = 15, 12, 11, 13  # margins
TITLE = 10.0  # height of the line above the table
HEAD = 6.0  # height of the first line of the table's head
PAD = 1.2  # between a line and a text
AROUND = 2.6  # above and below the symbols of a row
BETWEEN = 4.0  # between two symbols of one cell
SHAPES = ((0.34, 1.0), (0.28, 0.7))
"""Width of the activities, as a share of all texts, and how much of those spaces: the first that takes fewest pages."""
BOLD = 1.07  # width of bold letters, relative to others
SIGNATURE = 25.5  # height of the block after the last row
APART = 5.6  # between connectors side by side
LINE = 8.0  # height of a connector
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class SheetWords:
    """Words about decisions in the reader's language; on paper they are Indonesian."""

    end: str = "selesai"
    back: str = "kembali ke langkah {n}"
    on: str = "langkah {n}"
    proposal: str = "usulan"


@dataclass(frozen=True, slots=True)
class PageColumn:
    """A column of the table."""

    name: str  # no, activity, lane, inputs, time, outputs, note
    title: tuple[str, ...]
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row of the table, with the lines of its texts by name of the column."""

    number: int
    y: float
    height: float
    lines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PageSymbol:
    """A symbol; *row* is the number of its row, 0 for a connector."""

    kind: SymbolKind
    box: Bounds
    column: int
    row: int
    lines: tuple[str, ...]
    size: float  # of its text, in points
    proposal: bool
    name: str = ""  # of a decision
    element_id: str = ""


@dataclass(frozen=True, slots=True)
class SheetPage:
    """A page; the strips *above* and *below* its rows are for connectors, and have height 0 without any."""

    rows: tuple[PageRow, ...]
    symbols: tuple[PageSymbol, ...]
    arrows: tuple[DrawnArrow, ...]
    above: float
    below: float
    bottom: float


@dataclass(frozen=True, slots=True)
class SheetPages:
    """The table on paper."""

    paper: str
    width: float  # within the margins
    height: float
    size: float  # of texts, in points
    head: tuple[float, float]  # heights of the two lines of the table's head
    lane_size: float  # of the lanes' names, in points
    columns: tuple[PageColumn, ...]
    pages: tuple[SheetPage, ...]


def remarks(row: SopStep, words: SheetWords) -> tuple[str, ...]:
    """Return the texts in a row's last column: its note, and the ways out of its decision."""
    question = row.question
    if any(symbol.proposal for symbol in row.symbols if symbol.kind is SymbolKind.DECISION):
        question = f"{question} ({words.proposal})"
    said = []
    for way in row.ways:
        where = words.end if way.target == END else (words.on if way.target > row.number else words.back)
        said.append(f"{way.text}: {where.format(n=way.target)}" if way.text else where.format(n=way.target))
    return tuple(filter(None, (row.note, question.strip() if row.ways else "", *said)))


def lay_out(sheet: SopSheet, paper: str = "F4", *, plain: bool = False) -> SheetPages:
    """Return *sheet* on *paper* ("F4" or "A4"), in the office's spelling, or in the corrected one if *plain*."""
    return min((_laid_out(sheet, paper, plain, *shape) for shape in SHAPES), key=lambda found: len(found.pages))


def _laid_out(sheet: SopSheet, paper: str, plain: bool, activity: float, spacing: float) -> SheetPages:
    across, height = PAPERS[paper][0] - LEFT - RIGHT, PAPERS[paper][1] - TOP - BOTTOM
    size = 9.0 if len(sheet.columns) <= 6 else 8.0
    columns = _columns(sheet, across, size, activity)
    deepest = max(len(column.title) for column in columns)
    head = (HEAD, max(HEAD, deepest * size * POINT * 1.2 + 2 * PAD))
    layout = _Layout(sheet, columns, size, height - TITLE - sum(head), plain, spacing)
    lane_size = _lane_size(sheet, columns[2].width, size)
    return SheetPages(paper, across, height, size, head, lane_size, columns, tuple(layout.pages(TITLE + sum(head))))


def _columns(sheet: SopSheet, room: float, size: float, activity: float) -> tuple[PageColumn, ...]:
    lanes = max(1, len(sheet.columns))
    number, time = 8.0, 17.0
    lane = min(26.0, max(13.0, 104 / lanes), (room - number - time - 96) / lanes)
    rest = room - number - time - lane * lanes
    shares = {"activity": activity, "inputs": 0.23, "outputs": 0.21, "note": 0.56 - activity}
    wide = [("no", "No", number), ("activity", "Kegiatan", rest * shares["activity"])]
    wide += [("lane", name, lane) for name in sheet.columns or ("",)]
    wide += [
        ("inputs", "Kelengkapan", rest * shares["inputs"]),
        ("time", "Waktu", time),
        ("outputs", "Output", rest * shares["outputs"]),
        ("note", "Keterangan", rest * shares["note"]),
    ]
    found, x = [], 0.0
    for name, title, across in wide:
        small = _lane_size(sheet, across, size) if name == "lane" else size
        lines = tuple(_wrapped(title, across - PAD, small * BOLD)) if title else ()
        found.append(PageColumn(name, lines, x, across))
        x += across
    return tuple(found)


def _lane_size(sheet: SopSheet, across: float, size: float) -> float:
    """Return the size, in points, at which no word of a lane's name is broken."""
    longest = max((width(word, 1.0, bold=True) for name in sheet.columns for word in name.split()), default=1.0)
    return max(5.0, min(size, (across - PAD) / POINT / longest - 0.05))


def _wrapped(text: str, room: float, size: float, most: int | None = None) -> list[str]:
    """Break *text* into lines of at most *room* millimetres at *size* points."""
    return wrap(text, room / POINT, size, most=most)


@dataclass
class _Layout:
    sheet: SopSheet
    columns: tuple[PageColumn, ...]
    size: float
    room: float  # height for rows and strips of one page
    plain: bool
    spacing: float
    lanes: tuple[PageColumn, ...] = field(init=False)
    texts: list[dict[str, tuple[str, ...]]] = field(init=False)
    stacks: list[list[list[Symbol]]] = field(init=False)  # of each row, level by level
    row_of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = tuple(column for column in self.columns if column.name == "lane")
        self.texts = [self._texts(row) for row in self.sheet.rows]
        self.stacks = [_levels(row.symbols) for row in self.sheet.rows]
        self.row_of = {symbol.element_id: n for n, row in enumerate(self.sheet.rows) for symbol in row.symbols}

    @property
    def line(self) -> float:
        return self.size * POINT * 1.2

    @property
    def narrow(self) -> bool:
        return self.lanes[0].width < 18

    def pages(self, top: float) -> Iterator[SheetPage]:
        """Yield the pages; *top* is the y of the first row."""
        breaks, first = [], 0
        while first < len(self.sheet.rows):
            last = first + 1
            while last < len(self.sheet.rows) and self._height_of_rows(first, last + 1) <= self.room:
                last += 1
            breaks.append((first, last))
            first = last
        letters = self._letters(breaks)
        for first, last in breaks or [(0, 0)]:
            yield self._page(first, last, top, letters)

    def _height_of_rows(self, first: int, last: int) -> float:
        """Return the height of rows *first* up to *last* on one page, with the signature after the last of all."""
        signed = SIGNATURE if last == len(self.sheet.rows) and self.sheet.identity.get("disahkanOleh") else 0.0
        return sum(self._height(place) for place in range(first, last)) + sum(self._strips(first, last)) + signed

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _texts(self, row: SopStep) -> dict[str, tuple[str, ...]]:
        said = {
            "no": [str(row.number)],
            "activity": [row.words(plain=self.plain)],
            "inputs": [", ".join(row.inputs)],
            "time": [row.time],
            "outputs": [", ".join(row.outputs)],
            "note": list(remarks(row, SheetWords())) if self._needs_words(row) else [row.note],
        }
        room = {column.name: column.width - 2 * PAD for column in self.columns}
        most = int((self.room - 24) / self.line)
        return {
            name: tuple([line for text in texts if text for line in _wrapped(text, room[name] - 0.4, self.size)][:most])
            for name, texts in said.items()
        }

    def _needs_words(self, row: SopStep) -> bool:
        """Whether the ways of a decision are in the note, since one is a proposal or has no room at its arrow."""
        return len(row.ways) > 2 or any(way.proposal or not fits(way.text, self.lanes[0].width) for way in row.ways)

    def _height(self, place: int) -> float:
        text = max(len(lines) for lines in self.texts[place].values()) * self.line + 2 * PAD
        decides = any(symbol.kind is SymbolKind.DECISION for symbol in self.stacks[place][-1])
        return max(text, self._stacked(place) + 2 * self.spacing * (AROUND - 0.6 * self.narrow + 1.8 * decides))

    def _stacked(self, place: int) -> float:
        heights = [max(self._symbol_size(symbol)[1] for symbol in level) for level in self.stacks[place]]
        return sum(heights) + self.spacing * BETWEEN * (len(heights) - 1)

    def _symbol_size(self, symbol: Symbol) -> tuple[float, float]:
        lane = self.lanes[0].width
        match symbol.kind:
            case SymbolKind.TERMINATOR:
                return min(19.0, lane - 3), 3.2 + 2.6 * len(self._name_lines(symbol)[0])
            case SymbolKind.DECISION:
                return min(15.0, lane * 0.58), 6.0 if self.narrow else 8.5
            case _:
                return min(15.0, lane * 0.58), 5.0 if self.narrow else 7.0

    def _name_lines(self, symbol: Symbol) -> tuple[tuple[str, ...], float]:
        room = min(19.0, self.lanes[0].width - 3) - 1.6
        for size in (7.0, 6.0, 5.5):
            lines = _wrapped(symbol.text, room, size, most=2)
            if len(lines) == 1:
                break
        return tuple(lines), size

    # ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _strips(self, first: int, last: int) -> tuple[float, float]:
        """Return the heights of the connector strips above and below the rows *first* up to *last*."""
        lines: dict[bool, list[int]] = {False: [0], True: [0]}
        for (down, _), crowd in self._crossing(first, last).items():
            straight = sum(each.straight for each in crowd)
            lines[down].append(-(-straight // self._most_side_by_side) + len(crowd) - straight)
        above, below = (max(lines[down]) for down in (False, True))
        return (above * LINE + 2.5 if above else 0.0), (below * LINE + 2.5 if below else 0.0)

    def _crossing(self, first: int, last: int) -> dict[tuple[bool, int], list["_Crossing"]]:
        """Return the arrows across the edges of a page of rows *first* up to *last*, by (downwards, column)."""
        found: dict[tuple[bool, int], list[_Crossing]] = defaultdict(list)
        for arrow in self.sheet.arrows:
            source, target = (first <= self.row_of[id_] < last for id_ in (arrow.source, arrow.target))
            if source != target:
                mine, other = (arrow.source, arrow.target) if source else (arrow.target, arrow.source)
                down = self.row_of[other] >= last
                straight = (source == down) and not self._something_between(mine, first, last, down=down)
                found[(down, self._column_of(mine))].append(_Crossing(arrow, source, straight))
        return found

    def _something_between(self, element: str, first: int, last: int, *, down: bool) -> bool:
        """Whether there is a symbol between an element and the edge of the page, in its column."""
        column, row = self._column_of(element), self.row_of[element]
        rows = range(row, last) if down else range(row, first - 1, -1)
        stacks = [symbol for place in rows for symbol in self.sheet.rows[place].symbols[:: 1 if down else -1]]
        behind = stacks[[symbol.element_id for symbol in stacks].index(element) + 1 :]
        return any(symbol.column == column for symbol in behind)

    @property
    def _most_side_by_side(self) -> int:
        return max(1, int(self.lanes[0].width * 0.58 / APART))

    def _column_of(self, element: str) -> int:
        row = self.sheet.rows[self.row_of[element]]
        return next(symbol.column for symbol in row.symbols if symbol.element_id == element)

    def _letters(self, breaks: Sequence[tuple[int, int]]) -> dict[tuple[str, str], str]:
        page = {row: n for n, (first, last) in enumerate(breaks) for row in range(first, last)}
        crossing = [
            (arrow.source, arrow.target)
            for arrow in sorted(self.sheet.arrows, key=lambda arrow: self.row_of[arrow.source])
            if page[self.row_of[arrow.source]] != page[self.row_of[arrow.target]]
        ]
        return {ends: _letter(n) for n, ends in enumerate(crossing)}

    def _page(self, first: int, last: int, top: float, letters: Mapping[tuple[str, str], str]) -> SheetPage:
        above, below = self._strips(first, last)
        rows: list[PageRow] = []
        symbols: list[PageSymbol] = []
        y = top + above
        for place in range(first, last):
            height = self._height(place)
            rows.append(PageRow(self.sheet.rows[place].number, y, height, self.texts[place]))
            symbols += self._in_row(place, y, height)
            y += height
        places = {
            each.element_id: PlacedSymbol(each.kind, each.box, each.column, self._row(rows, each)) for each in symbols
        }
        ways = [arrow for arrow in self.sheet.arrows if arrow.source in places and arrow.target in places]
        for (down, column), crowd in self._crossing(first, last).items():
            strip = (y, y + below) if down else (top, top + above)
            for each, box in self._connectors(crowd, column, strip, down=down):
                arrow, letter = each.arrow, letters[(each.arrow.source, each.arrow.target)]
                places[letter] = PlacedSymbol(SymbolKind.CONNECTOR, box, column, strip)
                symbols.append(PageSymbol(SymbolKind.CONNECTOR, box, column, 0, (letter,), 7.0, arrow.proposal))
                ends = (arrow.source, letter) if each.leaves else (letter, arrow.target)
                ways.append(Arrow(*ends, arrow.text if each.leaves else "", arrow.proposal))
        lanes = [(lane.x, lane.width) for lane in self.lanes]
        return SheetPage(tuple(rows), tuple(symbols), tuple(route(places, ways, lanes)), above, below, y + below)

    def _in_row(self, place: int, y: float, height: float) -> Iterator[PageSymbol]:
        row = self.sheet.rows[place]
        at = y + (height - self._stacked(place)) / 2
        for level in self.stacks[place]:
            deep = max(self._symbol_size(symbol)[1] for symbol in level)
            for symbol in level:
                lane = self.lanes[min(symbol.column, len(self.lanes) - 1)]
                across, down = self._symbol_size(symbol)
                box = Bounds(lane.x + (lane.width - across) / 2, at + (deep - down) / 2, across, down)
                named = self._name_lines(symbol) if symbol.kind is SymbolKind.TERMINATOR else ((), 7.0)
                yield PageSymbol(
                    symbol.kind, box, symbol.column, row.number, *named, symbol.proposal, symbol.text, symbol.element_id
                )
            at += deep + self.spacing * BETWEEN

    def _row(self, rows: Sequence[PageRow], symbol: PageSymbol) -> tuple[float, float]:
        row = next(each for each in rows if each.number == symbol.row)
        return row.y, row.y + row.height

    def _connectors(
        self, crowd: Sequence["_Crossing"], column: int, strip: tuple[float, float], *, down: bool
    ) -> Iterator[tuple["_Crossing", Bounds]]:
        """Yield the places of the connectors of a column: straight ones side by side, next to the rows."""
        lane = self.lanes[column]
        straight = [each for each in crowd if each.straight]
        lines = [straight[n : n + self._most_side_by_side] for n in range(0, len(straight), self._most_side_by_side)]
        lines += [[each] for each in crowd if not each.straight]
        for number, line in enumerate(lines):
            y = strip[0] + 2.0 + number * LINE if down else strip[1] - 1.3 - (number + 1) * LINE + 1.5
            for place, each in enumerate(line):
                middle = lane.x + lane.width / 2 + (place - (len(line) - 1) / 2) * APART
                yield each, Bounds(middle - 2.3, y, 4.6, 5.5)


@dataclass(frozen=True, slots=True)
class _Crossing:
    """An arrow across an edge of a page."""

    arrow: Arrow
    leaves: bool  # it begins on this page
    straight: bool  # it goes straight between its symbol and the edge


def _levels(symbols: Sequence[Symbol]) -> list[list[Symbol]]:
    """Return the symbols of a row by level; symbols of different columns may share one."""
    levels: list[list[Symbol]] = []
    for symbol in symbols:
        if levels and all(other.column != symbol.column for other in levels[-1]):
            levels[-1].append(symbol)
        else:
            levels.append([symbol])
    return levels


def _letter(place: int) -> str:
    first, rest = divmod(place, len(LETTERS))
    return (LETTERS[first - 1] if first else "") + LETTERS[rest]
