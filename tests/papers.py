"""A paper that was scanned, and what a printed one says: its text, each glyph by its font's own map."""

import base64
import io
import re

from pyhanko.pdf_utils.reader import PdfFileReader

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAHElEQVR4nGNgYGRiZmFlY+fg5OLm4eXjZxjZAgDn/QeBFYInPwAA"
    "AABJRU5ErkJggg=="
)
"""A scan as a camera gives one: a small grey PNG."""
STRING = rb"\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*\)|<[0-9A-Fa-f\s]*>"  # brackets in a string balance or are escaped
OPERATOR = re.compile(rb"/(\w+)\s+[\d.]+\s+Tf|((?:\[(?:[-\d.\s]|%s)*\]|%s)\s*TJ?)|\bET\b" % (STRING, STRING), re.S)
ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text(content: bytes) -> str:
    """Return everything that a PDF says, in the order of its drawing, words parted by single spaces."""
    found = []
    pages = PdfFileReader(io.BytesIO(content), strict=False).root["/Pages"]
    for page in _leaves(pages):
        fonts = page["/Resources"]["/Font"]
        maps = {name: _map(fonts[name]["/ToUnicode"].data) for name in fonts}
        known: dict[int, str] = {}
        for each in OPERATOR.finditer(page["/Contents"].data):
            name, shown = each.groups()
            if name:
                known = maps["/" + name.decode()]
            elif shown:
                found.append("".join(_shown(string, known) for string in re.findall(STRING, shown, re.S)))
            else:
                found.append(" ")
    return " ".join("".join(found).split())


def _leaves(node):
    kids = node["/Kids"]
    for child in (kids[place] for place in range(len(kids))):  # looked up one by one, references are followed
        yield from _leaves(child) if child["/Type"] == "/Pages" else (child,)


def _map(cmap: bytes) -> dict[int, str]:
    """Return what each glyph of a font means."""
    known = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.S):
        for glyph, meant in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            known[int(glyph, 16)] = bytes.fromhex(meant.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.S):
        for first, last, meant in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for place in range(int(last, 16) - int(first, 16) + 1):
                known[int(first, 16) + place] = chr(int(meant, 16) + place)
    return known


def _shown(string: bytes, known: dict[int, str]) -> str:
    if string.startswith(b"<"):
        codes = bytes.fromhex(string[1:-1].decode())
    else:
        codes = ESCAPE.sub(lambda m: _unescaped(m.group(1)), string[1:-1])
    return "".join(known.get(int.from_bytes(codes[n : n + 2]), "") for n in range(0, len(codes), 2))


def _unescaped(said: bytes) -> bytes:
    return bytes([int(said, 8)]) if said[:1] in b"01234567" else ESCAPED.get(said, said)
