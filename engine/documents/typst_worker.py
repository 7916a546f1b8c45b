"""The child of the press: writes the files of an order into a folder and compiles the template there.

The folder is Typst's root. It contains the order's files and our letterhead library under ``alur/``. A warning, such as
an unknown font, is a fault. Every PDF is PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), which forbid characters
without a glyph. Typed texts may have some, such as emoji; these are printed as their number, ``[U+1F600]``.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import msgpack
import typst

from engine import pulse
from engine.documents.sandbox import LIMITED, allow, asked, limit
from engine.model.errors import NotPrinted

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
LIBRARY = HERE / "typst"
OURS = "alur"
DATA = "data.json"
STANDARDS: Any = ["a-2a", "ua-1"]
PREVIEW_PPI = 60  # twice the resolution of the page; low, since Typst draws all pages
MOST_SIGNS = 4  # rounds of replacing characters without a glyph
PLACE = re.compile(r"┌─ (?P<file>[^\n]*?):(?P<line>\d+):\d+")
SIGN = re.compile(r'the text `"(?P<text>.*?)"` could not be displayed', re.DOTALL)
if LIMITED:
    import resource


def serve() -> None:
    """Print orders until the pipe is closed."""
    folder = Path(sys.argv[1])
    pipe, answers = sys.stdin.buffer, sys.stdout.buffer
    pulse.end_with_parent()
    worker = Compositor(folder)
    answers.write(b"+\n")
    answers.flush()
    for order, limits in asked(pipe):
        if LIMITED:
            limit(limits["cpu"], limits["memory"])
        try:
            content, pages, preview = worker.print(order)
            answer = {"content": content, "pages": pages, "preview": preview}
        except NotPrinted as fault:
            answer = {"fault": [fault.template, fault.line, fault.cause, fault.hint]}
        except MemoryError:
            answer = {"fault": [order["template"], None, "memakai terlalu banyak memori", ""]}
        if LIMITED:
            allow(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        packed = msgpack.packb(answer)
        answers.write(len(packed).to_bytes(8) + packed)
        answers.flush()


class Compositor:
    """Compiles templates in *folder*."""

    def __init__(self, folder: Path) -> None:
        if not any(FONTS.glob("*.ttf")):
            raise SystemExit(f"no fonts in {FONTS}: run frontend/build.py")
        self._folder = folder
        shutil.copytree(LIBRARY, folder / OURS)
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])

    def print(self, order: dict[str, Any]) -> tuple[bytes, int, bytes | None]:
        """Return the document, its number of pages and the preview; NotPrinted if the template is faulty."""
        if order["format"] == "docx":
            from engine.documents.word_templates import filled  # noqa: PLC0415 - loading takes 200 ms

            return filled(order["template"], order["files"][order["template"]], json.loads(order["data"])), 0, None
        self._lay_out(order)
        for _ in range(MOST_SIGNS):
            try:
                return self._compiled(order)
            except typst.TypstError as error:
                data = json.dumps(json.loads(order["data"]), ensure_ascii=False)
                lacking = "".join(SIGN.findall(str(error.diagnostic or error)))
                replaced = "".join(f"[U+{ord(sign):04X}]" if sign in lacking else sign for sign in data)
                if not lacking.strip() or replaced == data:
                    raise _fault(order["template"], error) from None
                order = {**order, "data": replaced.encode()}
                (self._folder / DATA).write_bytes(order["data"])
        raise NotPrinted(order["template"], None, "memuat terlalu banyak tanda yang tidak ada dalam huruf cetak")

    def _compiled(self, order: dict[str, Any]) -> tuple[bytes, int, bytes | None]:
        main, root = self._folder / order["template"], self._folder
        compiler = typst.Compiler(str(main), root=str(root), font_paths=self._fonts, package_path=os.devnull)
        content: Any
        content, warnings = compiler.compile_with_warnings(
            format="pdf", pdf_standards=STANDARDS, timestamp=order["timestamp"]
        )
        if warnings:
            raise _fault(order["template"], warnings[0])
        preview = compiler.compile(format="png", ppi=PREVIEW_PPI) if order["preview"] else None
        pages = len(re.findall(rb"/Type\s*/Page\b", content))
        return content, pages, preview[0] if isinstance(preview, list) else preview

    def _lay_out(self, order: dict[str, Any]) -> None:
        """Replace the files in the folder, except our library, by those of the order."""
        for old in self._folder.iterdir():
            if old.name != OURS:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name, content in {**order["files"], DATA: order["data"]}.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or path.parts[0] == OURS:
                raise NotPrinted(name, None, "bukan tempat bagi sebuah berkas templat")
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _fault(template: str, said: Any) -> NotPrinted:
    """Return the error with the place that Typst names: if there are several, one outside our library."""
    diagnostic = str(said.diagnostic or "")
    places = [(Path(found["file"]), int(found["line"])) for found in PLACE.finditer(diagnostic)]
    own = [(path, line) for path, line in places if OURS not in path.parts] or places
    if own:
        path, line = own[0]
        return NotPrinted(_in_root(path, template), line, said.message, " ".join(said.hints))
    return NotPrinted(template, None, said.message, " ".join(said.hints))


def _in_root(path: Path, template: str) -> str:
    """Return a path relative to the root; Typst gives it relative to the working directory."""
    parts = path.parts
    for place, part in enumerate(parts):
        if part.startswith("alur-cetak-"):
            return "/".join(parts[place + 1 :])
    return template if path.name == PurePosixPath(template).name else str(path)
