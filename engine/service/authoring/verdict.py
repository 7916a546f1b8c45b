"""Limits and findings of a trial, shared by the gate, which loads no parser and no engine, and the child."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.bpmn import safe_xml
from engine.model.errors import Finding

TOO_LONG = "memakai terlalu banyak waktu"


@dataclass(frozen=True, slots=True)
class ValidationLimits:
    """How much one trial may take."""

    cpu: float = 8.0  # seconds of computing: more than one move may take (``running_instance.MOST_SECONDS``)
    seconds: float = 150.0  # by the clock on the wall, which guards against a child that hangs
    memory: int = 700_000_000  # bytes beyond what a child has before it begins


@dataclass(frozen=True, slots=True)
class Specimen:
    """Made-up data for a template, *full* or as empty as may be, and its charts; *sure* if every expression worked."""

    template: str
    full: bool
    sure: bool
    data: str  # JSON
    charts: Mapping[str, str]


def stopped(files: Mapping[str, bytes], element_id: str | None, cause: str = TOO_LONG) -> Finding:
    """Return the finding of a trial that was stopped at an element for want of time or memory."""
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
    """Return a finding with file, name and line of an element; ``{}`` in *message* is how the element is called."""
    file, name, line = _place(files, element_id)
    called = f"“{name}”" if name else element_id or "diagram ini"
    of = None if element_id == file else element_id
    return Finding(file, message.replace("{}", called, 1), mend, rule, severity, of, name, line)


def _place(files: Mapping[str, bytes], element_id: str | None) -> tuple[str, str | None, int | None]:
    """Return file, name and line of an element, or of a file alone; the first diagram if it is in none."""
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
