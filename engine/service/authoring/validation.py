"""Validates procedures before deployment in a child process, with a time limit.

The child (``validation_worker``) reads the diagrams; this process only reads a pipe, so that other threads can work.
Starting a child takes half a second, and a trial of an SOP a third of that, so a child is kept for the next question
unless it hit a limit. Results are cached, since a designer checks, reviews and deploys the same files.
"""

import atexit
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.documents.sandbox import Pool, Warm
from engine.model.errors import Busy, Finding
from engine.service.authoring.verdict import Specimen, ValidationLimits, stopped
from engine.service.procedures.files import content_hash

AT_ONCE = 2  # children of one web process that work at the same time
REMEMBERED = 16
NOWHERE = Path(os.devnull)  # a folder that holds no functions


@dataclass(frozen=True, slots=True)
class Tried:
    """A child's answer: the findings, and the data for test prints of templates."""

    findings: tuple[Finding, ...]
    specimens: tuple[Specimen, ...] = ()


class Validator:
    """Tries a few procedures at a time; safe to share between threads."""

    def __init__(self, limits: ValidationLimits | None = None) -> None:
        self._limits = limits or ValidationLimits()
        self._children = Pool(_Child, AT_ONCE)
        self._known: OrderedDict[tuple[str, str], Tried] = OrderedDict()

    def tried(self, process_id: str, files: Mapping[str, bytes], functions: Path = NOWHERE) -> Tried:
        """Return a child's answer for a procedure; *functions* is the folder of functions on this machine."""
        key = (process_id, content_hash(files))
        known = self._known.get(key)
        if known is not None:
            return known
        try:
            found, whole = self._answer(process_id, files, functions)
        except Busy:
            path = f"processes/{process_id}/{process_id}.bpmn"
            message = "Prosedur ini belum sempat dicoba, karena prosedur lain masih dicoba."
            return Tried((Finding(path, message, "Coba lagi sebentar lagi.", "trial_busy"),))
        if whole:  # not if the child was killed, perhaps because the machine was busy
            self._known[key] = found
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def close(self) -> None:
        """End the idle children."""
        self._children.close()

    def _answer(self, process_id: str, files: Mapping[str, bytes], functions: Path) -> tuple[Tried, bool]:
        """Return a child's answer, and whether it is complete."""
        question = [process_id, dict(files), str(functions), asdict(self._limits)]
        with self._children.child(self._limits.seconds) as child:
            said = child.ask(question, self._limits.seconds)
            if said and said[-1] == ("done", True):
                self._children.keep(child)
            else:
                child.end()
        return _read(said, files)


class _Child(Warm):
    def __init__(self) -> None:
        super().__init__(
            "from engine.service.authoring import validation_worker; validation_worker.serve()", "trial_not_started"
        )

    def ask(self, question: Any, seconds: float) -> list[tuple[str, Any]]:
        """Return the answers to a question, with only the last ``at``; the child is killed after *seconds*."""
        said: list[tuple[str, Any]] = []
        with self.killed_after(seconds), suppress(BrokenPipeError):
            self.put(question)
            for line in self.answers:
                if not line.endswith(b"\n"):
                    break  # killed in the middle of a line
                [(kind, content)] = json.loads(line).items()
                if said and kind == "at" == said[-1][0]:
                    said.pop()
                said.append((kind, content))
                if kind == "done":
                    break
        return said


def _read(said: list[tuple[str, Any]], files: Mapping[str, bytes]) -> tuple[Tried, bool]:
    """Return a child's answer from its messages, and whether it is complete."""
    words = dict(said)
    found = [Finding(**each) for kind, content in said if kind == "found" for each in content]
    if "done" not in words:
        found.append(stopped(files, words.get("at")))
    specimens = tuple(Specimen(**content) for kind, content in said if kind == "specimen")
    return Tried(tuple(found), specimens), "done" in words


GATE = Validator()  # one for the process, since it keeps the children
atexit.register(GATE.close)
os.register_at_fork(before=GATE.close)  # two processes must not share a child
