"""Makes the sheet of an SOP from its definition: symbols in rows and columns, and arrows.

Each row is a step of a person, with the starts, decisions and ends next to it. Elements without a symbol (parallel
gateways, scripts, timers) are skipped. A decision directly after its step becomes the symbol of the step, because
PermenPANRB 35/2012 has two kinds of activities, process and decision; a proposed decision gets its own symbol.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.bpmn.definition import Definition
from engine.model.process import ProcessModel, UserTask
from engine.model.sop_sheet import END, Arrow, SheetWay, SopSheet, SopStep, Symbol, SymbolKind, TableStep
from engine.model.standard_time import say

DECIDING = ("exclusiveGateway", "inclusiveGateway")
_EVENTS = ("boundaryEvent", "intermediateCatchEvent")  # their names label the arrows


def sheet_of(definition: Definition) -> SopSheet:
    """Return the sheet of a definition."""
    outline = definition.outline
    plan = _Plan(definition)
    return SopSheet(
        name=outline.name,
        identity=outline.identity,
        columns=tuple(lane.name for lane in outline.lanes),
        rows=tuple(_row(plan, step) for step in outline.tasks),
        arrows=plan.arrows,
    )


def table_of(sheet: SopSheet) -> tuple[TableStep, ...]:
    """Return the sheet as a table of steps; of parallel ways only the first is kept."""
    return tuple(
        TableStep(
            number=row.number,
            activity=row.activity,
            performer=sheet.columns[row.column] if row.column < len(sheet.columns) else "",
            inputs=row.inputs,
            time=row.time,
            outputs=row.outputs,
            note=row.note,
            next=row.next[0] if row.next else END,
            otherwise=row.otherwise,
        )
        for row in sheet.rows
    )


@dataclass
class _Plan:
    definition: Definition
    steps: dict[str, UserTask] = field(init=False)
    arrows: tuple[Arrow, ...] = field(init=False)
    row_of: dict[str, str] = field(init=False)  # element -> step of its row
    before: dict[str, list[str]] = field(init=False)  # step -> elements above it
    behind: dict[str, list[str]] = field(init=False)  # step -> elements below it
    decides: dict[str, str] = field(init=False)  # step -> decision that is its symbol

    def __post_init__(self) -> None:
        self.steps = {step.element_id: step for step in self.definition.outline.tasks}
        self.arrows = tuple(self._arrows())
        self._place()
        self._merge()

    @property
    def outline(self) -> ProcessModel:
        return self.definition.outline

    def kind(self, id_: str) -> SymbolKind | None:
        """Return the symbol of an element; None if it is skipped."""
        course = self.definition.course
        if id_ in self.steps:
            return SymbolKind.PROCESS
        if id_ in course.begins[:1] or id_ in course.ends:
            return SymbolKind.TERMINATOR
        several = sum(way.source == id_ for way in course.ways) > 1
        return SymbolKind.DECISION if several and self.definition.kinds.get(id_) in DECIDING else None

    def leaving(self, id_: str) -> list[Arrow]:
        """Return the arrows from an element, proposed ones last."""
        return sorted((arrow for arrow in self.arrows if arrow.source == id_), key=lambda arrow: arrow.proposal)

    def symbol(self, id_: str, fallback: int) -> Symbol:
        kind = self.kind(id_) or SymbolKind.PROCESS
        text = "" if kind is SymbolKind.PROCESS else self.outline.names.get(id_, "")
        return Symbol(id_, kind, self.column(id_, fallback), text, id_ in self.outline.proposals)

    def column(self, id_: str, fallback: int = 0) -> int:
        role = self.outline.roles.get(id_)
        return next((n for n, lane in enumerate(self.outline.lanes) if lane.role == role), fallback)

    def _arrows(self) -> Iterable[Arrow]:
        names, proposals = self.outline.names, self.outline.proposals
        after = defaultdict(list)
        for way in self.definition.course.ways:
            after[way.source].append(way)
        for source in dict.fromkeys(way.source for way in self.definition.course.ways):
            if self.kind(source) is None:
                continue
            found: dict[str, Arrow] = {}
            ahead = deque((way, "", False) for way in sorted(after[source], key=lambda way: way.aside))
            passed: set[str] = set()
            while ahead:
                way, text, proposal = ahead.popleft()
                text = text or names.get(way.flow, "")
                proposal = proposal or way.flow in proposals
                if self.kind(way.target) is not None:
                    known = found.get(way.target)
                    both = "; ".join(dict.fromkeys(filter(None, (known.text if known else "", text))))
                    found[way.target] = Arrow(source, way.target, both, proposal and (known is None or known.proposal))
                elif way.target not in passed:
                    passed.add(way.target)
                    text = text or names.get(way.target, "") * (self.definition.kinds.get(way.target) in _EVENTS)
                    ahead.extend((next_, text, proposal or way.target in proposals) for next_ in after[way.target])
            yield from found.values()

    def _place(self) -> None:
        self.row_of = {id_: id_ for id_ in self.steps}
        self.before, self.behind = defaultdict(list), defaultdict(list)
        after = defaultdict(list)
        for arrow in self.arrows:
            after[arrow.source].append(arrow.target)
        for begin in self.definition.course.begins[:1]:
            first, ahead, seen = None, deque([begin]), {begin}
            above = []
            while ahead:
                id_ = ahead.popleft()
                if id_ in self.steps:
                    first = first or id_
                    continue
                above.append(id_)
                for target in after[id_]:
                    if target not in seen:
                        seen.add(target)
                        ahead.append(target)
            if first is not None:
                for id_ in above:
                    if id_ not in self.definition.course.ends:
                        self.row_of[id_] = first
                        self.before[first].append(id_)
        for step in self.steps:
            ahead = deque(after[step])
            while ahead:
                id_ = ahead.popleft()
                if id_ not in self.row_of:
                    self.row_of[id_] = step
                    self.behind[step].append(id_)
                    ahead.extend(after[id_])
        for end in sorted(self.definition.course.ends - self.row_of.keys()):  # directly after the start
            anchor = next(
                (self.row_of[a.source] for a in self.arrows if a.target == end and a.source in self.row_of), None
            )
            if anchor is not None:
                self.row_of[end] = anchor
                self.behind[anchor].append(end)
        self.arrows = tuple(a for a in self.arrows if a.source in self.row_of and a.target in self.row_of)

    def _merge(self) -> None:
        """Make a decision directly after its step the symbol of the step, unless in another lane or proposed."""
        self.decides = {}
        for step in self.steps:
            leaving = self.leaving(step)
            target = leaving[0].target if len(leaving) == 1 else ""
            alone = sum(arrow.target == target for arrow in self.arrows) == 1
            if (
                alone
                and self.kind(target) is SymbolKind.DECISION
                and target not in self.outline.proposals
                and self.column(target, self.column(step)) == self.column(step)
                and not leaving[0].text
            ):
                self.decides[step] = target
                self.behind[step].remove(target)
        merged = {decision: step for step, decision in self.decides.items()}
        self.arrows = tuple(
            replace(arrow, source=merged.get(arrow.source, arrow.source))
            for arrow in self.arrows
            if arrow.target not in merged
        )


def _row(plan: _Plan, step: UserTask) -> SopStep:
    column = plan.column(step.element_id)
    own = plan.symbol(step.element_id, column)
    if step.element_id in plan.decides:
        decision = plan.decides[step.element_id]
        own = replace(own, kind=SymbolKind.DECISION, text=plan.outline.names.get(decision, ""))
    aside = [plan.before[step.element_id], plan.behind[step.element_id]]
    above, below = ([plan.symbol(id_, column) for id_ in ids] for ids in aside)
    decisions = [each for each in (own, *below) if each.kind is SymbolKind.DECISION]
    ways = [arrow for each in decisions for arrow in plan.leaving(each.element_id)]
    ways = [arrow for arrow in ways if plan.kind(arrow.target) is not SymbolKind.DECISION]
    straight = [arrow for arrow in plan.leaving(step.element_id) if plan.kind(arrow.target) is not SymbolKind.DECISION]
    chosen = [_row_number_or_end(plan, arrow.target) for arrow in ways]
    return SopStep(
        number=step.number,
        element_id=step.element_id,
        activity=step.name,
        activity_plain=step.name_plain or step.name,
        column=column,
        symbols=(*above, own, *below),
        inputs=tuple(reference.name for reference in step.inputs),
        time=say(step.standard_time),
        outputs=tuple(reference.name for reference in step.outputs),
        note=step.note,
        question=" ".join(each.text for each in decisions if each.text),
        ways=tuple(SheetWay(arrow.text, _row_number_or_end(plan, arrow.target), arrow.proposal) for arrow in ways),
        next=tuple(chosen[:1]) if ways else tuple(_row_number_or_end(plan, arrow.target) for arrow in straight),
        otherwise=tuple(number for number in dict.fromkeys(chosen[1:]) if number != chosen[0]),
    )


def _row_number_or_end(plan: _Plan, id_: str) -> int:
    return END if id_ in plan.definition.course.ends else plan.steps[plan.row_of[id_]].number
