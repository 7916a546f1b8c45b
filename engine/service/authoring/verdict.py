"""Limits and findings of a trial, for the child and for ``validation``, which loads neither parser nor engine."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.bpmn import safe_xml
from engine.model.errors import Finding

TOO_LONG = "memakai terlalu banyak waktu"


@dataclass(frozen=True, slots=True)
class ValidationLimits:
    """Limits of one trial."""

    cpu: float = 8.0  # seconds of CPU time, more than one move may take (``running_instance.MOST_SECONDS``)
    seconds: float = 150.0  # wall-clock time, in case a child hangs
    memory: int = 700_000_000  # bytes in addition to those used before the trial


@dataclass(frozen=True, slots=True)
class Specimen:
    """Made-up data for a template: *full*, or only required fields; *sure* if no expression failed."""

    template: str
    full: bool
    sure: bool
    data: str  # JSON
    charts: Mapping[str, str]


def stopped(files: Mapping[str, bytes], element_id: str | None, cause: str = TOO_LONG) -> Finding:
    """Return the finding about a trial that hit a limit at an element."""
    return finding_at(
        files,
        element_id,
        "trial_limit",
        f"Percobaan dihentikan di {{}}, karena {cause}.",
        "Periksa pengulangan, cabang dan ungkapan di unsur itu, atau bagi prosedur ini menjadi beberapa yang kecil.",
    )


def finding_at(
    files: Mapping[str, bytes], element_id: str | None, rule: str, message: str, mend: str, severity: str = "error"
) -> Finding:
    """Return a finding with file, name and line of an element; ``{}`` in *message* is replaced by its name."""
    file, name, line = _place(files, element_id)
    called = f"“{name}”" if name else element_id or "diagram ini"
    of = None if element_id == file else element_id
    return Finding(file, message.replace("{}", called, 1), mend, rule, severity, of, name, line)


def _place(files: Mapping[str, bytes], element_id: str | None) -> tuple[str, str | None, int | None]:
    """Return file, name and line of an element; *element_id* may be a file. If unknown, return the first diagram."""
    if element_id in files:
        return str(element_id), None, None
    diagrams = [path for path in sorted(files) if path.endswith(".bpmn")]
    for path in diagrams if element_id else ():
        try:
            root = safe_xml.read(files[path])
        except safe_xml.Unreadable:
            continue
        for element in root.iter():
            if element.get("id") == element_id:
                return path, element.get("name"), element.sourceline
    return diagrams[0] if diagrams else "", None, None
