"""Checks the source of a procedure's ``functions.py`` and finds its functions.

Only the syntax tree is read here; ``engine.service.procedures.functions`` runs the file. Expressions can call functions
that are public, at top level, with a docstring and positional parameters. The file may import pure modules of the
standard library only, so that results are reproducible and slips (reading a file, asking the time) are found early.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.bpmn import expression
from engine.bpmn.expression_values import FUNCTIONS, HOST_FUNCTIONS

FILE = "functions.py"
MODULES = frozenset(
    {"__future__", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "functools", "hashlib"}
    | {"itertools", "operator", "re", "statistics", "typing"}
)
FORBIDDEN = frozenset({"open", "eval", "exec", "compile", "input", "print", "globals", "locals", "vars", "breakpoint"})
"""Built-in functions with side effects. This check finds slips; it is not a sandbox, as the operator owns the file."""


@dataclass(frozen=True, slots=True)
class SourceFault:
    """A fault of the file: its line, the key in ``rules/sayings.toml``, and facts for the message."""

    line: int | None
    saying: str
    facts: Mapping[str, str] = field(default_factory=dict)


def path_of(process_id: str) -> str:
    """Return the path of the functions of a procedure."""
    return f"processes/{process_id}/{FILE}"


def names(source: bytes) -> frozenset[str]:
    """Return the names of the functions in the file; empty if it is unreadable."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(node.name for node in _given(tree))


def faults(source: bytes) -> list[SourceFault]:
    """Return the faults of the file."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:  # of a null byte, Python before 3.11.4 says ValueError
        line, reason = getattr(error, "lineno", None), getattr(error, "msg", str(error))
        return [SourceFault(line, "functions_syntax", {"reason": reason})]
    found = [SourceFault(node.lineno, said, {"name": node.name}) for node in _given(tree) for said in _said_of(node)]
    found += [fault for inner in ast.walk(tree) for fault in _faults_of_node(inner)]
    return sorted(found, key=lambda fault: fault.line or 0)


def _given(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _said_of(node: ast.FunctionDef) -> Iterator[str]:
    if node.name in FUNCTIONS or node.name in HOST_FUNCTIONS:
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
