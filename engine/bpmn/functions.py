"""A procedure's ``functions.py`` as text: which functions it gives, and what keeps it from being one.

Only its syntax tree is looked at here; who runs it, and why that is safe, stands in ``engine.service.functions``. A
function is what expressions may call: public, defined at the top of the file, with a docstring and positional
parameters. The file may import a few modules of the standard library that compute and touch nothing, so that a slip
(reading a file, asking the clock) is told at deployment and a result can always be computed again.
"""

import ast
from dataclasses import dataclass

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
    """What is wrong with the file, and where."""

    line: int | None
    message: str
    mend: str


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
        return [SourceFault(error.lineno, f"Tata tulisnya salah: {error.msg}.", "Perbaiki baris itu.")]
    except ValueError as error:
        return [SourceFault(None, f"Berkas ini tidak terbaca: {error}.", "Simpan sebagai UTF-8.")]
    found = []
    for node in _given(tree):
        found += _faults_of_function(node)
    for inner in ast.walk(tree):
        found += _faults_of_node(inner)
    return sorted(found, key=lambda fault: fault.line or 0)


def _given(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _faults_of_function(node: ast.FunctionDef) -> list[SourceFault]:
    found = []
    if node.name in expression.FUNCTIONS or node.name in expression.HOST_FUNCTIONS:
        message = f"Fungsi {node.name} sudah ada dalam bahasa ungkapan."
        found.append(SourceFault(node.lineno, message, "Beri nama lain."))
    elif expression.FUNCTION_NAME.fullmatch(node.name) is None:
        message = f"Nama fungsi {node.name} tidak dapat dipanggil dari ungkapan."
        found.append(SourceFault(node.lineno, message, "Pakai huruf kecil, angka, garis bawah."))
    if not ast.get_docstring(node):
        message = f"Fungsi {node.name} tidak menjelaskan apa yang dihitungnya."
        found.append(SourceFault(node.lineno, message, "Tulis docstring: apa hasilnya, dan dari aturan mana."))
    if node.args.kwonlyargs or node.args.kwarg:
        message = f"Fungsi {node.name} meminta argumen bernama, yang tidak dapat ditulis dalam ungkapan."
        found.append(SourceFault(node.lineno, message, "Pakai argumen berurut."))
    return found


def _faults_of_node(node: ast.AST) -> list[SourceFault]:
    match node:
        case ast.Import(names=imported):
            asked = [each.name for each in imported]
        case ast.ImportFrom(module=module, level=level):
            asked = [module or ""] if level == 0 else ["."]
        case ast.AsyncFunctionDef() | ast.Global() | ast.Await():
            message = "functions.py hanya memuat fungsi yang menghitung dari argumennya."
            return [SourceFault(getattr(node, "lineno", None), message, "Hapus async, await dan global.")]
        case ast.Name(id=name) if name in FORBIDDEN:
            message = f"{name} tidak menghitung apa pun dari argumennya."
            return [SourceFault(node.lineno, message, "Hapus; nilai datang dari argumen dan pergi sebagai hasil.")]
        case _:
            return []
    mend = f"Yang boleh: {', '.join(sorted(MODULES - {'__future__'}))}."
    return [
        SourceFault(getattr(node, "lineno", None), f"Modul {name} tidak boleh diimpor.", mend)
        for name in asked
        if name not in MODULES
    ]
