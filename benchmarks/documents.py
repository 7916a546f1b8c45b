"""Printing: every document of a cycle, and one letter while the press is warm; time and memory.

The cycle is a quarter of the sample year (``tests/year``): six data holders, the twenty sample indicators and two more.
What is timed is what the worker does by itself: expressions, templates, PDF/A with its code, Word, workbook, picture of
the first page, files and history lines; the press starts anew with every cycle. CPU is that of this process and of the
press's. Beside it stand the same with a process for each file, and the floor: Typst alone, in this process, for as many
PDFs of as many empty pages of the same size. A letter is looked at as whoever fills in its form does, the press warm or
in a process of its own.
"""

import os
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from benchmarks.figures import Figure, Found, Series, interleaved
from benchmarks.procedure import office_at_work
from benchmarks.servers import command, descendants, memory
from engine.documents.typst_renderer import PRESS, Order, Press, Print
from engine.documents.typst_worker import FONTS, STANDARDS
from engine.model.work import DocumentVersion
from engine.service.papers.printing import Printing
from engine.service.procedures.procedure import INDONESIAN
from tests.year import Year

MEGABYTE = 1024 * 1024
CYCLE = ("<=", 3.0)  # seconds
LETTER = ("<=", 150.0)  # ms
PAGE = '#set page(width: {width}pt, height: {height}pt)\n#set text(font: "Arimo")\n#set document(title: [Kosong])\n'
SIZE = re.compile(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]")


@dataclass(frozen=True, slots=True)
class Cycle:
    """What printing all documents of a cycle took."""

    seconds: dict[str, float]  # by document
    cpu: float  # seconds
    memory: float  # of the press's child when all was printed, MB

    @property
    def whole(self) -> float:
        """Seconds of all documents."""
        return sum(self.seconds.values())


def run(*, small: bool = False) -> Found:
    """Measure the papers of whole cycles and of one letter."""
    found, cycles, floors = Found(), [], []
    with office_at_work(Year) as office:
        for quarter in (1,) if small else (1, 2, 3):
            instance = office.cycle(quarter)
            cycles.append(printed(office.services.printing, office, instance))
            floors.append(empty_pages(papers(office, instance)))
        apart = replace(office.services.printing, press=Apart())
        naive = printed(apart, office, office.cycle(4), 1 if small else None)
        best, floor = min(cycles, key=lambda each: each.whole), min(floors)
        files, pages = counted(office, instance)
        label = f"a cycle, {len(best.seconds)} documents, {files} files, {pages} pages"
        note = "each cycle: " + ", ".join(f"{each.whole:.2f} s" for each in cycles)
        against, bound = f"{naive.whole:.2f} s, a process a file", goal(CYCLE, small)
        least = min(each.cpu for each in cycles)
        found.figures += [
            Figure("documents", label, best.whole, "s", naive.whole, against, goal=bound, note=note),
            Figure("documents", "the same", best.whole, "s", floor, "empty pages, Typst alone", best.whole / floor),
            Figure("documents", "CPU of the same", least, "s CPU", naive.cpu, "a process a file", least / naive.cpu),
            of_memory(best.memory),
            letter(office, 2 if small else 25, small=small),
        ]
        names = sorted(best.seconds, key=lambda name: -best.seconds[name])
        milliseconds = tuple(best.seconds[name] * 1000 for name in names)
        title = "Printing each document of a cycle"
        found.series.append(Series("documents", title, "ms", tuple(names), ("all its files",), (milliseconds,)))
    return found


def goal(bound: tuple[str, float], small: bool) -> tuple[str, float] | None:
    """Return a goal, which one small round says nothing of."""
    return None if small else bound


class Apart(Press):
    """A press that starts a process for each order."""

    def print(self, order: Order) -> Print:
        """Return what *order* gives."""
        press = Press()
        try:
            return press.print(order)
        finally:
            press.close()


def printed(printing: Printing, office: Year, instance: str, most: int | None = None) -> Cycle:
    """Print what is due of an instance, as the worker does; *most* documents of it."""
    PRESS.close()
    before, seconds = computed(), {}
    for version in papered(office, instance)[:most]:
        begun = time.perf_counter()
        printing.make(version.id, office.now)
        seconds[version.data_object_id] = time.perf_counter() - begun
    held = of_child() if printing.press is PRESS else 0.0
    PRESS.close()
    return Cycle(seconds, computed() - before, held)


def computed() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def papered(office: Year, instance: str) -> list[DocumentVersion]:
    """Return the documents of an instance that have files."""
    auditor, found = office.actor("auditor"), office.page(instance).documents
    return [version for version in found if office.services.printing.files_of(auditor, version.id)]


def papers(office: Year, instance: str) -> list[bytes]:
    """Return every PDF of an instance."""
    auditor, found = office.actor("auditor"), []
    for version in papered(office, instance):
        for each in office.services.printing.files_of(auditor, version.id):
            made = each.rendering
            if made.format == "pdf":
                _, _, stream, _ = office.services.printing.file(auditor, version.id, "pdf", made.part, office.now)
                with stream:
                    found.append(stream.read())
    return found


def counted(office: Year, instance: str) -> tuple[int, int]:
    """Return how many files an instance's documents have, and how many pages its PDFs."""
    auditor, files = office.actor("auditor"), 0
    for version in papered(office, instance):
        files += len(office.services.printing.files_of(auditor, version.id))
    return files, sum(len(sizes(content)) for content in papers(office, instance))


def sizes(content: bytes) -> list[tuple[str, str]]:
    """Return width and height of each page of a PDF, in points."""
    return [(width.decode(), height.decode()) for width, height in SIZE.findall(content)]


def empty_pages(contents: list[bytes]) -> float:
    """Return the seconds that Typst takes for as many empty pages of the same sizes, a file for each PDF."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])
    with TemporaryDirectory(prefix="alur-bench-") as folder:
        begun = time.perf_counter()
        for place, content in enumerate(contents):
            pages = [PAGE.format(width=width, height=height) for width, height in sizes(content)]
            main = Path(folder) / f"{place}.typ"
            main.write_text("#set page(numbering: none)\n" + "#pagebreak(weak: false)\n".join(pages))
            compiler = typst.Compiler(str(main), root=folder, font_paths=fonts)
            compiler.compile(format="pdf", pdf_standards=STANDARDS, timestamp=place)
        return time.perf_counter() - begun


def of_memory(used: float) -> Figure:
    """Return what the press's child has to itself after a cycle, against one that has printed a word."""
    fresh = Press()
    fresh.print(Order("kosong.typ", {"kosong.typ": b"#set document(title: [Kosong])\nKosong"}, b"{}"))
    unused = of_child()
    fresh.close()
    return Figure("documents", "memory of the press's child", used, "MB", unused, "after one word", used / unused)


def of_child() -> float:
    """Return the megabytes that the press's child has to itself."""
    [child] = [pid for pid in descendants(os.getpid()) if b"typst_worker" in command(pid)]
    return memory(child) / MEGABYTE


def letter(office: Year, rounds: int, *, small: bool) -> Figure:
    """Return how long a letter takes that is looked at while its form is filled in, each time with another subject."""
    task = office.task(begun(office), "siapkan_kertas_kerja")
    page = office.services.tasks.open(office.actor("sekretaris"), task, office.now)
    entries = office.filled("sekretaris", task)
    values = office.services.tasks.reading(page, entries, INDONESIAN)[0].values
    warm, numbers = office.services.printing, iter(range(10 * rounds + 10))

    def looked_at(printing: Printing) -> float:
        letter = {**values["undangan"], "hal": f"Undangan rapat {next(numbers)}"}
        begun = time.perf_counter()
        printing.preview(
            page.procedure, page.instance, page.item.task, "undangan", {**values, "undangan": letter}, office.now
        )
        return (time.perf_counter() - begun) * 1000

    looked_at(warm)  # starts the press
    apart = replace(warm, press=Apart())
    timed = interleaved(rounds, {"warm": lambda: looked_at(warm), "apart": lambda: looked_at(apart)})
    ours, theirs = timed["warm"], timed["apart"]
    return Figure(
        "documents",
        "a letter, warm",
        ours,
        "ms",
        theirs,
        f"{theirs:.0f} ms, a process a letter",
        goal=goal(LETTER, small),
    )


def begun(office: Year) -> str:
    """Start another cycle up to the step that writes the invitation."""
    instance = office.start(period="tahunan")
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    return instance
