"""The sample SOP as a list of moves with what people type, for any number of data holders and returned loops.

What each step yields is taken from one run of the office through its services, so that the naive way holds the very
values that Alur writes as documents. Holders and loops are multiplied from there.
"""

import atexit
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from engine.cli import CONSOLE
from engine.store.database import Database, open_database
from engine.store.queries import documents, histories
from tests import registers
from tests.databases import SQLiteFiles
from tests.office import SOP, OfficeAtWork

RETURNED = {"hasil_verifikasi": "kembalikan", "catatan_pengembalian": "Rekap bukan dari periode ini."}
Kind = TypeVar("Kind", bound=OfficeAtWork)
YEARLY = ("perjanjian_kinerja", "pk_sasaran", "pk_program", "rencana_aksi")
"""Registers that the forms read by year: benchmarks start instances of many."""
COMPLETE = {"hasil_verifikasi": "lengkap"}


@dataclass(frozen=True, slots=True)
class Move:
    """One completion: the step, its item, what the form yields beside documents, and the documents by data object."""

    element_id: str
    item: str | None
    values: dict[str, Any]
    documents: dict[str, Any]
    timed: bool = True


def plan_years(office: OfficeAtWork) -> None:
    """Give the registers that the forms read by year their rows of every year that instances are started for."""
    for register_id in YEARLY:
        rows = registers.of_years(register_id, range(2026, 2100))
        done = office.services.registers.take_in(
            CONSOLE, register_id, rows, registers.SINCE, office.now, illustration=True
        )
        assert not done.faults, done.faults


@cache
def offices() -> SQLiteFiles:
    """Return the maker of this process's offices on SQLite, which keeps what it copies until the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="alur-bench-")
    atexit.register(folder.cleanup)
    return SQLiteFiles(Path(folder.name))


@contextmanager
def office_at_work(kind: Callable[[Database, Path], Kind] = OfficeAtWork) -> Iterator[Kind]:
    """An office of the tests with its SOP deployed, on a SQLite file that is forgotten afterwards."""
    with tempfile.TemporaryDirectory(prefix="alur-bench-") as folder:
        data = Path(folder) / "data"
        with offices().prepared(_opening(kind), data) as url:
            database = open_database(url, data)
            try:
                yield kind(database, data)
            finally:
                database.close()


@cache
def _opening(kind: Callable[[Database, Path], Kind]) -> Callable[[str, Path], None]:
    def opened(url: str, data: Path) -> None:
        data.mkdir(mode=0o700)
        database = open_database(url, data)
        try:
            kind(database, data).open()
        finally:
            database.close()

    return opened


@dataclass(frozen=True, slots=True)
class Recorded:
    """What each step of the SOP yielded in one run of the office: (values, documents) by step, and parts by item."""

    files: dict[str, bytes]
    content_hash: str
    steps: dict[str, tuple[dict[str, Any], dict[str, Any]]]
    parts: dict[str, dict[str, Any]]

    def script(self, holders: int, loops: int = 0, *, timed_items: int = 3) -> list[Move]:
        """Return the moves of an instance with *holders* data holders of whom all are asked again *loops* times.

        With loops only the first and the last are timed; of many holders only *timed_items*, spread over them.
        """
        names = [f"pemegang.data.{n}" for n in range(1, holders + 1)]
        moves = [self._move("perintahkan_pengumpulan_data"), self._move("siapkan_kertas_kerja")]
        moves.append(self._assigned(names))
        moves += self._items(names, timed_items, timed=True)
        for loop in range(loops):
            timed = loop in (0, loops - 1)
            moves.append(self._move("susun_analisis", RETURNED | {"pemegang_diminta": names}, timed=timed))
            moves += self._items(names, timed_items, timed=timed)
        moves.append(self._move("susun_analisis", COMPLETE))
        moves += [self._move("minta_persetujuan"), self._move("tandatangani_persetujuan")]
        return moves

    def _move(self, element_id: str, more: dict[str, Any] | None = None, *, timed: bool = True) -> Move:
        values, papers = self.steps[element_id]
        return Move(element_id, None, values | (more or {}), papers, timed)

    def _assigned(self, names: list[str]) -> Move:
        values, papers = self.steps["susun_jadwal"]
        letter = papers["surat_tugas"]
        [row, *_] = letter["penugasan"]
        assigned = [row | {"pemegang_data": name} for name in names]
        return Move(
            "susun_jadwal",
            None,
            values | {"pemegang_diminta": names},
            papers | {"surat_tugas": letter | {"penugasan": assigned}},
        )

    def _items(self, names: list[str], timed_items: int, *, timed: bool) -> list[Move]:
        values, papers = self.steps["siapkan_data"]
        report = papers["draft_laporan"]
        kept = {0, len(names) // 2, len(names) - 1} if timed_items < len(names) else set(range(len(names)))
        return [
            Move(
                "siapkan_data",
                name,
                values,
                {"draft_laporan": report | {"pemegang_data": name, "baris": report["baris"][:1]}},
                timed and place in kept,
            )
            for place, name in enumerate(names)
        ]


@cache
def record() -> Recorded:
    """Run the SOP once through the services, and return what each step yielded."""
    with office_at_work() as office:
        instance = office.start()
        office.until_analysis(instance)
        office.do("tim.sakip", instance, "susun_analisis")
        office.do("sekretaris", instance, "minta_persetujuan")
        office.do("kepala.dinas", instance, "tandatangani_persetujuan")
        with office.database.read() as reader:
            procedure = office.services.tasks.procedures.in_force(reader, SOP)
            versions = documents.of_instance(reader, instance)
            lines, _ = histories.timeline(reader, f"instance:{instance}", histories.HistoryFilter(), limit=200)
    papers: dict[str, dict[str, Any]] = {}
    parts: dict[str, dict[str, Any]] = {}
    for version in versions:
        content = version.parts[0].content if version.parts else version.content
        papers.setdefault(version.element_id, {})[version.data_object_id] = json.loads(content)
        for part in version.parts:
            parts.setdefault(part.item, {})[version.data_object_id] = json.loads(part.content)
    steps = {}
    for line in lines:
        if line.action == "task:completed":
            steps[str(line.element_id)] = (json.loads(line.change)["values"], papers.get(str(line.element_id), {}))
    return Recorded(dict(procedure.files), procedure.record.content_hash, steps, parts)
