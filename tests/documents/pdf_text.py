"""What a PDF of ours says: the text of its pages, read through the fonts' own tables of characters."""

import io
import re

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

TOKEN = re.compile(rb"/(?P<font>[\w+.-]+)\s+[\d.]+\s+Tf|<(?P<hex>[0-9a-fA-F\s]*)>|(?P<raw>\()")
ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, without any space: where a line breaks is the page's own business."""
    return ["".join(page.split()) for page in as_drawn(pdf)]


def as_drawn(pdf: bytes) -> list[str]:
    """The text of each page with its spaces, those that never break among them."""
    reader = PdfFileReader(io.BytesIO(pdf))
    return [_page(page) for page in _leaves(reader.root["/Pages"])]


def _leaves(node):
    for kid in map(_resolved, node["/Kids"]):
        yield from _leaves(kid) if kid["/Type"] == "/Pages" else [kid]


def _resolved(thing):
    return thing.get_object() if isinstance(thing, generic.IndirectObject) else thing


def _page(page) -> str:
    content = page["/Contents"]
    streams = content if isinstance(content, generic.ArrayObject) else [content]
    data = b"\n".join(_resolved(stream).data for stream in streams)
    fonts = {name[1:]: _characters(font) for name, font in page["/Resources"]["/Font"].items()}
    said, known, at = [], {}, 0
    while found := TOKEN.search(data, at):
        at = found.end()
        if found["font"] is not None:
            known = fonts[found["font"].decode()]
        elif found["hex"] is not None:
            said.append(_read(bytes.fromhex(found["hex"].decode()), known))
        else:
            at = _closing(data, at)
            said.append(_read(ESCAPE.sub(_unescaped, data[found.end() : at - 1]), known))
    return "".join(said)


def _closing(data: bytes, at: int) -> int:
    """Where a text ends that begins at *at*: parentheses in it that match one another need no escape."""
    depth = 1
    while depth:
        depth += {b"(": 1, b")": -1}.get(data[at : at + 1], 0)
        at += 2 if data[at : at + 1] == b"\\" else 1
    return at


def _unescaped(match) -> bytes:
    what = match[1]
    return bytes([int(what, 8)]) if what.isdigit() else NAMED.get(what, what)


def _read(codes: bytes, known: dict[int, str]) -> str:
    return "".join(known.get(int.from_bytes(codes[n : n + 2]), "") for n in range(0, len(codes) - 1, 2))


def _characters(font) -> dict[int, str]:
    """Glyph number to text, as the font's ToUnicode table says it."""
    table = _resolved(font)["/ToUnicode"].data.decode("latin-1")
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.S):
        for code, text in re.findall(r"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.S):
        for first, last, text in re.findall(r"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            start = int.from_bytes(bytes.fromhex(text))
            for offset in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + offset] = (start + offset).to_bytes(len(text) // 2).decode("utf-16-be")
    return found
