"""A procedure's ``functions.py`` as text: which functions it gives, and what keeps it from being one.

Only its syntax tree is looked at here; who runs it, and why that is safe, stands in
``engine.service.procedures.functions``. A function is what expressions may call: public, defined at the top of the
file, with a docstring and positional parameters. The file may import a few modules of the standard library that
compute and touch nothing, so that a slip (reading a file, asking the clock) is told at deployment and a result can
always be computed again.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.bpmn import expression

FILE = "functions.py"
MODULES = frozenset(
    {"__future__", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "functools", "hashlib"}
    | {"itertools", "operator", "re", "statistics", "typing"}
)
FORBIDDEN = frozenset({"open", "eval", "exec", "compile", "input", "print", "globals", "locals", "vars", "breakpoint"})
"""Built-in functions that compute nothing. The file is the operator's own, so this finds slips and is no prison."""


@dataclass(frozen=True, slots=True)
class SourceFault:
    """What is wrong with the file (a saying of the rules, and its facts), and where."""

    line: int | None
    saying: str
    facts: Mapping[str, str] = field(default_factory=dict)


def path_of(process_id: str) -> str:
    """Return where the functions of a procedure are."""
    return f"processes/{process_id}/{FILE}"


def names(source: bytes) -> frozenset[str]:
    """Return the functions that the file gives; none if it cannot be read."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(node.name for node in _given(tree))


def faults(source: bytes) -> list[SourceFault]:
    """Return everything that keeps the file from being deployed."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [SourceFault(error.lineno, "functions_syntax", {"reason": error.msg})]
    except ValueError as error:
        return [SourceFault(None, "functions_unreadable", {"reason": str(error)})]
    found = [SourceFault(node.lineno, said, {"name": node.name}) for node in _given(tree) for said in _said_of(node)]
    found += [fault for inner in ast.walk(tree) for fault in _faults_of_node(inner)]
    return sorted(found, key=lambda fault: fault.line or 0)


def _given(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _said_of(node: ast.FunctionDef) -> Iterator[str]:
    if node.name in expression.FUNCTIONS or node.name in expression.HOST_FUNCTIONS:
        yield "function_known"
    elif expression.FUNCTION_NAME.fullmatch(node.name) is None:
        yield "function_name"
    if not ast.get_docstring(node):
        yield "function_unexplained"
    if node.args.kwonlyargs or node.args.kwarg:
        yield "function_arguments"


def _faults_of_node(node: ast.AST) -> list[SourceFault]:
    line = getattr(node, "lineno", None)
    match node:
        case ast.Import(names=imported):
            asked = [each.name for each in imported]
        case ast.ImportFrom(module=module, level=level):
            asked = [module or ""] if level == 0 else ["."]
        case ast.AsyncFunctionDef() | ast.Global() | ast.Await():
            return [SourceFault(line, "functions_async")]
        case ast.Name(id=name) if name in FORBIDDEN:
            return [SourceFault(line, "functions_forbidden", {"name": name})]
        case _:
            return []
    known = ", ".join(sorted(MODULES - {"__future__"}))
    unknown = (name for name in asked if name not in MODULES)
    return [SourceFault(line, "functions_module", {"name": name, "known": known}) for name in unknown]
