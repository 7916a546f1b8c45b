"""Runs a procedure's ``functions.py``: calculations that a diagram, a form or a decision table cannot express.

Input of people is never run as code: expressions are a closed language, and only the operator can install this file. At
the console (``alur deploy``, ``alur run``) it is copied to ``ALUR_DATA/functions/<sha256>.py``, and imported from there
after a check of its hash. If machines share a bucket, it is copied through the bucket, so everybody who may write there
is trusted like the operator. A deployment by browser or API is refused unless a file with this hash is installed:
people who edit diagrams cannot bring code onto the machine.

If the file is missing, a version works without its functions: each raises an error with the missing hash, which a form
shows at its field, and which stops an instance with an incident.
"""

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from threading import get_ident
from types import ModuleType
from typing import Any

from engine.bpmn import functions as source_of
from engine.model.errors import FunctionFailed, NotFound
from engine.store.places import FUNCTIONS, Place, create, read

Function = Callable[..., Any]


@dataclass(frozen=True)
class Functions:
    """Functions that the operator deployed, by hash; run only from *folder*, passed to other machines by *place*."""

    folder: Path  # ALUR_DATA/functions
    place: Place | None = None
    _known: dict[str, Mapping[str, Function]] = field(default_factory=dict)

    def keep(self, source: bytes) -> str:
        """Install a file and return its hash; only for the operator's console."""
        sha256 = hashlib.sha256(source).hexdigest()
        if not self.has(source):
            self._copy(source, self._path(sha256))
        if self.place is not None:
            create(self.place, f"{FUNCTIONS}/{sha256}.py", source)
        return sha256

    def has(self, source: bytes) -> bool:
        """Whether the operator installed exactly this file, here or in the shared place, from which it is copied."""
        path = self._path(hashlib.sha256(source).hexdigest())
        with suppress(OSError):
            if path.read_bytes() == source:
                return True
        with suppress(NotFound):
            if self.place is not None and read(self.place, f"{FUNCTIONS}/{path.name}") == source:
                self._copy(source, path)
                return True
        return False

    def _copy(self, source: bytes, target: Path) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.{get_ident()}.part")
        partial.write_bytes(source)
        partial.chmod(0o600)
        os.replace(partial, target)

    def of(self, process_id: str, files: Mapping[str, bytes]) -> Mapping[str, Function]:
        """Return a procedure's functions by name; if its file is missing, functions that raise this error."""
        source = files.get(source_of.path_of(process_id))
        if source is None:
            return {}
        sha256 = hashlib.sha256(source).hexdigest()
        known = self._known.get(sha256)
        if known is not None:
            return known
        names = source_of.names(source)
        if not self.has(source):  # not cached: the operator may install it later
            return {name: _missing(sha256) for name in names}
        loaded = load(self._path(sha256), names)
        return self._known.setdefault(sha256, loaded)

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.py"


def load(path: Path, names: frozenset[str]) -> Mapping[str, Function]:
    """Import a file under a module name of its own and return its functions *names*."""
    module = _imported(path)
    return {name: _with_named_errors(name, getattr(module, name)) for name in names}


def _imported(path: Path) -> ModuleType:
    name = f"alur_functions_{path.stem}"
    loader = SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    sys.modules[name] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def _with_named_errors(name: str, function: Function) -> Function:
    """Return *function*, raising FunctionFailed for exceptions of its own."""

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
