"""Rules about comparisons in a diagram's expressions: the values must be answers that its forms offer.

Only variables that come from forms alone are checked; scripts, messages and tables may set any value.
"""

import ast
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from engine.bpmn.rules.diagram import Diagram
from engine.bpmn.safe_xml import Element

Kinds = Mapping[str, frozenset[str]]

# Kinds of fields (``engine.forms.field``) with a single value: its type, and how it is written.
_NUMBER = (int | float, "angka, tanpa tanda petik")
_TEXT = (str, "teks, dalam tanda petik")
_PLAIN: Mapping[str, tuple[Any, str]] = {
    "boolean": (bool, "True atau False"),
    **dict.fromkeys(("number", "integer", "money", "percent"), _NUMBER),
    **dict.fromkeys(("text", "long_text", "choice", "person"), _TEXT),
}
_UNDECIDED = frozenset(_PLAIN) - {"boolean"} | {"date", "time"}
_CHOOSING = ("choice", "choices")


def check(diagram: Diagram, of: Element, word: str, text: str, kinds: Kinds, answers: Kinds, *, decides: bool) -> None:
    """Report comparisons with values that no form offers and, if the expression *decides*, parts that do not compare.

    *kinds* are the kinds of the fields of each name, *answers* the values of their choices.
    """
    tree = ast.parse(text.strip(), mode="eval").body
    for name, value in _compared(tree):
        asked, offered = kinds.get(name, frozenset()), answers.get(name, frozenset())
        if value in (None, "") or not asked <= {*_PLAIN, *_CHOOSING}:
            continue
        if not asked or any(_is(value, kind) and (kind not in _CHOOSING or value in offered) for kind in asked):
            continue
        words = [f'"{each}"' for each in sorted(offered)] or sorted({_PLAIN[kind][1] for kind in asked})
        near = get_close_matches(str(value), offered, 1)
        hint = f' Mungkin maksudnya "{near[0]}".' if near else ""
        said = {"word": word, "name": name, "value": _written(value), "offered": ", ".join(words), "hint": hint}
        diagram.say("answer_unknown", of, **said)
    for node in _deciding(tree) if decides else ():
        match node:
            case ast.Name(id=name) if kinds.get(name) and kinds[name] <= _UNDECIDED:
                example = next(iter(sorted(answers.get(name, ()))), None)
                mend = f"Bandingkan isinya, misalnya: {name} == " + (f'"{example}".' if example else "…")
            case ast.Constant(value=value) if not isinstance(value, bool):
                mend = 'Tulis perbandingan, misalnya: hasil == "ya" and jumlah > 3.'
            case (
                ast.BinOp()
                | ast.List()
                | ast.Dict()
                | ast.Call(func=ast.Name(id="abs" | "len" | "round" | "str" | "sum"))
            ):
                mend = f"Bandingkan hasilnya, misalnya: {ast.unparse(node)} > 0."
            case _:
                continue
        diagram.say("no_comparison", of, word=word, part=ast.unparse(node), mend=mend)


def _is(value: Any, kind: str) -> bool:
    expected = _PLAIN.get(kind, _TEXT)[0]  # several choices: the value is one of them
    return isinstance(value, expected) and isinstance(value, bool) is (kind == "boolean")


def _written(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _compared(tree: ast.expr) -> Iterator[tuple[str, Any]]:
    """Yield each name with the literal that it is compared with."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            match left, operator, right:
                case ast.Name(id=name), ast.In() | ast.NotIn(), ast.List(elts=listed) | ast.Tuple(elts=listed):
                    yield from ((name, each.value) for each in listed if isinstance(each, ast.Constant))
                case ast.Name(id=name), ast.In() | ast.NotIn(), _:
                    continue
                case (ast.Name(id=name), _, ast.Constant(value=value)) | (
                    ast.Constant(value=value),
                    _,
                    ast.Name(id=name),
                ):
                    yield name, value


def _deciding(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of a condition that must be boolean."""
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _deciding(part)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            yield from _deciding(part)
        case ast.IfExp(body=body, orelse=otherwise):
            yield from (*_deciding(body), *_deciding(otherwise), *_deciding(node.test))
        case _:
            yield node
