"""Widths and line breaks of text without a browser, by the metrics of Helvetica, Arial and Arimo."""

from functools import cache

FAMILY = "Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif"
LINE = 1.2  # line height, in font sizes
TEXT = 12.0  # size of running text
SMALL = 11.0  # size of names beside small shapes and flows

# Advance widths in 1/1000 of the font size, from the Helvetica font metrics (Arial and Arimo are metric-compatible).
_WIDTHS = {
    278: " !,./:;I[\\]ft",
    355: '"',
    556: "#$0123456789?L_abdeghnopqu",
    889: "%",
    667: "&ABEKPSVXY",
    191: "'",
    333: "()-`r",
    389: "*",
    584: "+<=>~",
    1015: "@",
    722: "CDHNRUw",
    611: "FTZ",
    778: "GOQ",
    500: "Jckszvxy",
    833: "Mm",
    944: "W",
    469: "^",
    222: "ijl",
    334: "{}",
    260: "|",
}
_BY_CHARACTER = {character: width for width, characters in _WIDTHS.items() for character in characters}
_OTHER = 600  # an upper estimate for accented letters and dashes
_BOLD = 1.07


@cache
def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of *text* at a font size, in the unit of *size*."""
    thousandths = sum(_BY_CHARACTER.get(character, _OTHER) for character in text)
    return thousandths / 1000 * size * (_BOLD if bold else 1.0)


def wrap(text: str, room: float, size: float, *, most: int | None = None) -> list[str]:
    """Break *text* into lines no wider than *room*; wider words are broken too.

    If there are more than *most* lines, the last one ends in an ellipsis.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            trial = f"{line} {word}" if line else word
            if width(trial, size) <= room:
                line = trial
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(word, room, size)
            lines.extend(full)
        lines.append(line)
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        while last and width(last + "…", size) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines


def _pieces(word: str, room: float, size: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and width(pieces[-1] + character, size) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces
