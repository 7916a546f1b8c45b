"""Checks the files of a procedure: their sizes, a trial in a child process, and test prints of the templates.

Separate from ``deployments``, so that ``alur check``, which designers often run, loads neither database nor pages.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.bpmn import functions as source_of
from engine.model.errors import Finding, SetupError
from engine.service.authoring.template_checks import PROOFS
from engine.service.authoring.validation import GATE, Validator
from engine.service.procedures.functions import Functions

SUFFIXES = (".bpmn", ".dmn", ".json")
PRINTED = (".typ", ".docx", ".svg", ".png", ".jpg")  # file types allowed in a documents folder besides SUFFIXES
NOT_TEXT = (".docx", ".png", ".jpg")
SAMPLES = "contoh"  # the folder with deeds of sample people, which is not deployed
LARGEST_FILE = 2 * 1024 * 1024
LARGEST_PROCEDURE = 16 * 1024 * 1024
MOST_FILES = 1_500  # enough for 500 steps: two files for each form, and templates


def read_folder(processes: Path, forms: Path, process_id: str) -> dict[str, bytes]:
    """Return the files of a procedure by path in the checkout; SetupError if its diagram is missing."""
    folder = processes / process_id
    if not (folder / f"{process_id}.bpmn").is_file():
        raise SetupError("procedure_missing", process_id=process_id, file=folder / f"{process_id}.bpmn")
    found: dict[str, bytes] = {}
    for root, prefix in ((folder, "processes"), (forms / process_id, "forms")):
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            if SAMPLES in path.parts[len(root.parts) :]:
                continue
            printed = path.parent.name == "documents" and path.suffix in PRINTED
            if path.is_file() and (path.suffix in SUFFIXES or path.name == "functions.py" or printed):
                name = PurePosixPath(prefix) / process_id / path.relative_to(root).as_posix()
                found[str(name)] = path.read_bytes()
    return found


def check(
    process_id: str, files: Mapping[str, bytes], functions: Functions, *, at_console: bool, gate: Validator = GATE
) -> tuple[Finding, ...]:
    """Return all errors and warnings of a procedure's files; see ``Deployments.check``."""
    found: list[Finding] = []

    def say(path: str, message: str, mend: str) -> None:
        found.append(Finding(path, message, mend, "files"))

    if len(files) > MOST_FILES:
        say("", f"Prosedur ini terdiri atas {len(files)} berkas.", f"Paling banyak {MOST_FILES} berkas.")
    size = sum(len(content) for content in files.values())
    if size > LARGEST_PROCEDURE:
        say("", f"Prosedur ini {size} bita.", f"Paling besar {LARGEST_PROCEDURE} bita seluruhnya.")
    for path, content in files.items():
        if len(content) > LARGEST_FILE:
            say(path, f"Berkas ini {len(content)} bita.", f"Paling besar {LARGEST_FILE} bita.")
        own = path == source_of.path_of(process_id)
        if own and not at_console and not functions.has(content):
            message = "Fungsi hitung prosedur ini (functions.py) belum dipasang di mesin ini."
            mend = "Operator memasangnya di konsol dengan `alur deploy`; dari peramban hanya diagram dan formulir."
            say(path, message, mend)
        if path.endswith(".py") and not own:
            say(path, "Berkas ini tidak dijalankan.", f"Pakai {source_of.path_of(process_id)}.")
    if found:
        return tuple(found)
    tried = gate.tried(process_id, files, functions.folder)
    if any(finding.severity == "error" for finding in tried.findings):
        return tried.findings
    return (*tried.findings, *PROOFS.check(process_id, files, tried.specimens))


def unheard(process_id: str, files: Mapping[str, bytes], processes: Path) -> tuple[Finding, ...]:
    """Return findings about messages that no procedure in the folder *processes* waits for."""
    if not any(b"messageRef" in content for content in files.values()):
        return ()
    from engine.bpmn.rules import unheard as rules  # noqa: PLC0415 - slow to load, and rarely needed

    beside = (path for path in sorted(processes.glob("*/*.bpmn")) if path.parent.name != process_id)
    return tuple(rules.check(process_id, files, lambda: [{str(path): path.read_bytes()} for path in beside]))
