"""Runs a procedure's ``functions.py``: the calculations that a diagram, a form or a decision table cannot say.

Nothing that people enter is ever run: expressions are a closed language, and this file is code of the office itself,
which reaches a machine only as Alur's own code does, by the hand of its operator. At the console (``alur deploy``,
``alur run``) it is copied to ``ALUR_DATA/functions/<sha256>.py``; only from there is it imported, after its hash was
computed again. A deployment from the browser or by a program stores the same text, but is refused unless that hash is
there already: whoever can edit diagrams cannot bring code onto the machine.

A version whose file is missing keeps working except for its functions: each says which hash is missing, so that a form
shows it at its field and an instance stops with an incident that names it.
"""

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from engine.bpmn import functions as source_of
from engine.model.errors import FunctionFailed

Function = Callable[..., Any]


@dataclass(frozen=True)
class Functions:
    """The functions that this machine's operator has deployed, by the hash of their file."""

    folder: Path  # ALUR_DATA/functions
    _known: dict[str, Mapping[str, Function]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, source: bytes) -> str:
        """Copy a file to where it is run from and return its hash; for the operator's console alone."""
        sha256 = hashlib.sha256(source).hexdigest()
        target = self._path(sha256)
        if not self.has(source):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = target.with_suffix(f".{os.getpid()}.part")
            partial.write_bytes(source)
            partial.chmod(0o600)
            os.replace(partial, target)
        return sha256

    def has(self, source: bytes) -> bool:
        """Whether the operator deployed this very file on this machine."""
        try:
            return self._path(hashlib.sha256(source).hexdigest()).read_bytes() == source
        except OSError:
            return False

    def of(self, process_id: str, files: Mapping[str, bytes]) -> Mapping[str, Function]:
        """Return the functions of a procedure by name; of one whose file is missing, functions that say so."""
        source = files.get(source_of.path_of(process_id))
        if source is None:
            return {}
        sha256 = hashlib.sha256(source).hexdigest()
        known = self._known.get(sha256)
        if known is not None:
            return known
        names = source_of.names(source)
        if not self.has(source):  # not kept in mind: the operator may bring it back
            return {name: _missing(sha256) for name in names}
        loaded = load(self._path(sha256), names)
        with self._lock:
            return self._known.setdefault(sha256, loaded)

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.py"


def load(path: Path, names: frozenset[str]) -> Mapping[str, Function]:
    """Import a file under a name of its own and return those of its functions."""
    module = _imported(path)
    return {name: _told(name, getattr(module, name)) for name in names}


def _imported(path: Path) -> ModuleType:
    name = f"alur_functions_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FunctionFailed(f"fungsi hitung tidak dapat dimuat dari {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _told(name: str, function: Function) -> Function:
    """Return *function*, whatever it raises told as a fault of the expression that calls it."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (FunctionFailed, RecursionError, MemoryError):
            raise
        except Exception as error:
            raise FunctionFailed(f"fungsi {name}: {type(error).__name__}: {str(error)[:200]}") from error

    return call


def _missing(sha256: str) -> Function:
    def call(*arguments: Any) -> Any:
        raise FunctionFailed(
            f"fungsi hitung {sha256} tidak ada di mesin ini; operator memasangnya dengan `alur deploy` di konsol"
        )

    return call
