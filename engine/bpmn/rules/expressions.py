"""Rules about expressions, scripts and times in a diagram, and about the variables that they read."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from engine.bpmn import expression, timers
from engine.bpmn.rules import answers, vendor_extensions
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram, called, definitions
from engine.bpmn.safe_xml import SPIFF, Element, bpmn, children, local, nearest_identified, sop, text_of
from engine.bpmn.timers import current, is_literal, moment
from engine.model.archives import ARCHIVE_FORM
from engine.model.calendar import parse_duration

_PYTHON = re.compile(r"(?:https?://(?:www\.)?)?python(?:\.org)?/?", re.IGNORECASE)
_SET = re.compile(r"(?<![=!<>])=(?!=)")
_START_ATTRIBUTES = ("judul", "kunci", "tanggalAcuan")
_DECIDING = {"conditionExpression", "condition", "loopCondition", "completionCondition"}
_TIMES = {"timeDate": ("tanggal", "2026-12-31"), "timeDuration": ("lama", "PT8H"), "timeCycle": ("siklus", "R3/P1D")}


@dataclass(frozen=True, slots=True)
class _Expr:
    of: Element  # the element that it belongs to
    at: Element  # the XML element that contains it
    text: str
    word: str  # names it in messages


@dataclass(frozen=True, slots=True)
class _Known:
    """The variables that are set somewhere; those that only forms set, with kinds and answers."""

    names: set[str]
    kinds: Mapping[str, frozenset[str]]
    answers: Mapping[str, frozenset[str]]


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check every expression, script and time."""
    _check_languages(diagram)
    known = _known(procedure)
    documents = {e.get("id") for d in procedure.diagrams for e in d.elements.values() if local(e) == "dataObject"}
    for written in _expressions(diagram):
        _check_expression(diagram, written, known, documents)
    for owner, node in _scripts(diagram):
        _check_script(diagram, owner, node, known, documents)
    for event, part in _times(diagram):
        _check_time(diagram, event, part)
    for task in diagram.of_kind("userTask"):
        _check_standard_time(diagram, task)
        _check_reminders(diagram, task, _roles(diagram))
        _check_other_performer(diagram, task)
    for path in diagram.root.iter(bpmn("messagePath")):  # reads the message, not the instance
        _check_expression(diagram, _Expr(nearest_identified(path), path, text_of(path), "Kunci pesan"), None, set())
    for process in diagram.processes:
        _check_start_expressions(procedure, diagram, process)
    for node in diagram.all_nodes:
        for reference in node.iterfind(f"{bpmn('multiInstanceLoopCharacteristics')}/{bpmn('loopDataInputRef')}"):
            if known is not None and text_of(reference) not in known.names:
                diagram.say("collection_unknown", node, name=text_of(reference))


def check_names(procedure: CheckedProcedure) -> None:
    """Check that the variables of forms and decision tables are set somewhere; in a form they would be empty."""
    if procedure.forms is None or (found := _known(procedure)) is None:
        return
    known = found.names
    called_for = {text_of(node) for d in procedure.diagrams for node in d.root.iter(f"{{{SPIFF}}}calledDecisionId")}
    for file, table in procedure.tables:
        for name in sorted(procedure.unknown_functions(table.calls)):
            procedure.say("function_unknown", None, file=file, word=f"Tabel keputusan {table.id}", name=name)
        for name in sorted(table.names - known) if table.id in called_for else ():
            procedure.say("name_unknown", None, file=file, word=f"Tabel keputusan {table.id}", name=name)
    known |= procedure.forms.given
    sections = procedure.forms.sections
    for each in procedure.forms.expressions:
        compiled = expression.compile(each.text)
        for name in sorted(procedure.unknown_functions(compiled.calls)):
            procedure.say("function_unknown", None, file=each.file, word=f"Ungkapan isian {each.path}", name=name)
        for name in sorted(compiled.names - known):
            procedure.say("form_name_unknown", None, file=each.file, path=each.path, name=name, text=each.text)
        for name, part in sorted(_parts(each.text, set(sections))):
            if part not in sections[name]:
                asked = ", ".join(sorted(sections[name]))
                procedure.say("part_unknown", None, file=each.file, path=each.path, name=name, part=part, asked=asked)


def _check_languages(diagram: Diagram) -> None:
    named: list[tuple[Element, str | None]] = []
    if next(_expressions(diagram), None) is not None:  # without expressions the default language is irrelevant
        named.append((diagram.root, diagram.root.get("expressionLanguage")))
    for element in diagram.root.iter():
        named.append((element, element.get("language") if local(element).endswith("Expression") else None))
        named.append((element, element.get("scriptFormat")))
    for element, language in named:
        if _is_foreign(language):
            diagram.say("expression_language", element, language=language)


def _is_foreign(language: str | None) -> bool:
    return bool(language) and _PYTHON.fullmatch(language or "") is None


def _expressions(diagram: Diagram) -> Iterator[_Expr]:
    """Yield every expression that a running instance evaluates."""
    for flow in diagram.flows:
        for condition in children(flow, "conditionExpression"):
            if _is_foreign(condition.get("language")):
                continue  # reported already
            yield _Expr(flow, condition, text_of(condition), "Syarat")
    for node in diagram.all_nodes:
        if node.get(sop("pelaksana")) is not None:
            yield _Expr(node, node, node.get(sop("pelaksana")), "Ungkapan pelaksana")
        for loop in children(node, "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
            for part in children(loop, "loopCardinality", "completionCondition", "loopCondition"):
                yield _Expr(node, part, text_of(part), "Ungkapan pengulangan")
        for definition in definitions(node):
            for part in children(definition, "condition"):
                yield _Expr(node, part, text_of(part), "Syarat")
    for node, part in _times(diagram):
        if _is_reckoned(text_of(part)):
            yield _Expr(node, part, text_of(part), "Waktu")
    for payload in diagram.root.iter(f"{{{SPIFF}}}messagePayload", f"{{{SPIFF}}}payloadExpression"):
        yield _Expr(nearest_identified(payload), payload, text_of(payload), "Isi pesan")
    for correlation in diagram.root.iterfind(f".//{{{SPIFF}}}processVariableCorrelation/{{{SPIFF}}}expression"):
        yield _Expr(nearest_identified(correlation), correlation, text_of(correlation), "Kunci percakapan")


def _times(diagram: Diagram) -> Iterator[tuple[Element, Element]]:
    for node in diagram.all_nodes:
        for definition in definitions(node):
            yield from ((node, part) for part in children(definition, *_TIMES) if text_of(part))


def _is_reckoned(text: str) -> bool:
    """Whether a time depends on the instance, since its expression has variables or calls."""
    if is_literal(text):
        return False
    if vendor_extensions.language_of(text) is not None:
        return True
    compiled = expression.if_readable(text)
    return compiled is not None and bool(compiled.names or compiled.calls)


def _check_time(diagram: Diagram, event: Element, part: Element) -> None:
    text, (word, example) = text_of(part), _TIMES[local(part)]
    if not _is_reckoned(text) and not _can_come(local(part), text):
        diagram.say("timer_value", event, text=text, word=word, example=example)


def _can_come(kind: str, text: str) -> bool:
    """Whether a constant time is valid and can occur."""
    try:
        value = text if is_literal(text) else expression.compile(text).evaluate({})
        with moment(datetime.now(UTC), {}):
            if kind == "timeCycle":
                cycles, _, every = timers.ClockedCycle("", "")._cycle(str(value))
                return cycles != 0 and every > timedelta()
            if kind == "timeDuration" and not isinstance(value, date):
                timers._length(value, current())
            else:
                timers._instant(value)
    except Exception:  # upstream raises Exception itself for durations
        return False
    return True


def _scripts(diagram: Diagram) -> Iterator[tuple[Element, Element]]:
    """Yield the scripts as (element, script), and report missing ones."""
    for task in diagram.of_kind("scriptTask"):
        script = task.find(bpmn("script"))
        if script is None or not text_of(script):
            diagram.say("script_missing", task)
        else:
            yield task, script
    for name in ("preScript", "postScript"):
        for script in diagram.root.iter(f"{{{SPIFF}}}{name}"):
            yield nearest_identified(script), script


def _check_expression(diagram: Diagram, written: _Expr, known: _Known | None, documents: set[str]) -> None:
    """Report why *written* does not compile, and variables that are never set."""
    of, place = written.of, called(written.of)
    if local(of) == "sequenceFlow" and (source := diagram.elements.get(of.get("sourceRef"))) is not None:
        place = f"panah {place} dari {called(source)}"
    word = f"{written.word} pada {place}"
    if (language := vendor_extensions.language_of(written.text)) is not None:
        ours = vendor_extensions.translated(written.text)
        saying = "foreign_expression_translated" if ours else "foreign_expression"
        diagram.say(saying, of, word=word, language=language, text=written.text, ours=ours)
        return
    try:
        compiled = expression.compile(written.text)
        if not compiled.names and not compiled.calls:
            compiled.evaluate({})  # constant, so errors can be found now
    except expression.ExpressionError as error:
        meant = _SET.sub("==", written.text)
        assigns = meant != written.text and expression.if_readable(meant) is not None
        saying = "expression_assigns" if assigns else "expression"
        diagram.say(saying, of, word=word, reason=error.reason, text=written.text, meant=meant)
        return
    for name in sorted(diagram.procedure.unknown_functions(compiled.calls)):
        diagram.say("function_unknown", of, word=word, name=name)
    for name in sorted(compiled.names - known.names) if known is not None else ():
        diagram.say("name_unknown", of, word=word, name=name)
    if known is not None:
        decides = local(written.at) in _DECIDING
        answers.check(diagram, of, word, written.text, known.kinds, known.answers, decides=decides)
    for name, part in sorted(_parts(written.text, documents)):
        diagram.say("document_content", of, word=word, name=name, part=part)


def _parts(text: str, documents: set[str]) -> set[tuple[str, str]]:
    """Return the (document, key) pairs that *text* reads, except versions."""
    found = set()
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=part) if name in documents and part != "versi":
                found.add((name, part))
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(part))) if (
                name in documents and part != "versi"
            ):
                found.add((name, part))
    return found


def _check_script(diagram: Diagram, owner: Element, script: Element, known: _Known | None, documents: set[str]) -> None:
    try:
        lines = expression.script(text_of(script))
    except expression.ExpressionError as error:
        diagram.say("script", owner, reason=error.reason)
        return
    for _, line in lines:
        _check_expression(diagram, _Expr(owner, script, line.text, "Skrip"), known, documents)


def _assigned(text: str) -> set[str]:
    """Return the variables that a script sets; empty if it is unreadable."""
    try:
        return {name for name, _ in expression.script(text)}
    except expression.ExpressionError:
        return set()


def _known(procedure: CheckedProcedure) -> _Known | None:
    """Return the variables that forms, documents, tables, scripts, multi-instance items and messages set."""
    if (forms := procedure.forms) is None:
        return None
    known: set[str] = set().union(*(table.outputs for _, table in procedure.tables))
    for diagram in procedure.diagrams:
        for element in diagram.root.iter():
            match local(element):
                case "dataObject" | "inputDataItem" | "outputDataItem":
                    known.add(element.get("id"))
                case "loopDataOutputRef" | "messageVariable" | "variableName":
                    known.add(text_of(element))
                case "script" | "preScript" | "postScript":
                    known |= _assigned(text_of(element))
    kinds = {name: kinds for name, kinds in forms.kinds.items() if name not in known}
    return _Known(known.union(*forms.fields.values()), kinds, forms.answers)


def _check_start_expressions(procedure: CheckedProcedure, diagram: Diagram, process: Element) -> None:
    """Check the title, key and date of an instance, which can read the start form only, and the starters."""
    fields = None if procedure.forms is None else procedure.forms.fields
    known = None
    if fields is not None:
        known = {name for start in children(process, "startEvent") for name in fields.get(start.get("id"), ())}
    for attribute in _START_ATTRIBUTES:
        text = process.get(sop(attribute))
        if text is None:
            continue
        try:
            names = expression.compile(text).names
        except expression.ExpressionError as error:
            diagram.say("start_expression", process, attribute=attribute, reason=error.reason, text=text)
            continue
        for name in sorted(names - known) if known is not None else ():
            diagram.say("start_name_unknown", process, attribute=attribute, name=name)
    roles = _roles(diagram)
    for attribute in ("pemulai", "arsip"):
        for role in (process.get(sop(attribute)) or "").split():
            if role not in roles:
                diagram.say("starter_unknown", process, attribute=attribute, role=role)
    if process.get(sop("arsip")) and fields is not None and ARCHIVE_FORM not in fields:
        diagram.say("archive_form_missing", process, form=ARCHIVE_FORM)


def _roles(diagram: Diagram) -> set[str]:
    return {lane.get(sop("peran")) or lane.get("id") for each in diagram.processes for lane in each.iter(bpmn("lane"))}


def _check_standard_time(diagram: Diagram, task: Element) -> None:
    text = task.get(sop("waktu"))
    if text is None:
        return
    try:
        parse_duration(text)
    except ValueError:
        diagram.say("standard_time", task, text=text or "(kosong)")


def _check_reminders(diagram: Diagram, task: Element, roles: Collection[str]) -> None:
    escalation = task.get(sop("eskalasi"))
    role, _, after = (escalation or "").partition(" ")
    for text in (task.get(sop("pengingat")), after or None):
        with suppress(ValueError):
            if text is not None:
                parse_duration(text)
            continue
        diagram.say("reminder", task, text=text or "(kosong)")
    if escalation is not None and role not in roles:
        diagram.say("escalation", task, role=role or "(kosong)")


def _check_other_performer(diagram: Diagram, task: Element) -> None:
    other = task.get(sop("bukanPelaksana"))
    if other is None:
        return
    named = diagram.elements.get(other)
    if named is None or local(named) != "userTask" or named is task:
        diagram.say("other_performer", task, other=other or "(kosong)")
