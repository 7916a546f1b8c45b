"""Patterns of schemas (ECMA 262), run by RE2 in time linear in the text.

A backtracking engine (``re``, ``regex``) can take years for forty letters and blocks its worker meanwhile. RE2 has no
look-around, back-references or repetitions over a thousand. Patterns that need them are refused at deployment; in
versions deployed before, they match every text.

Patterns match anywhere in the text. Letters, digits and spaces are those of Unicode, which RE2 knows by category only.
The larger the compiled pattern, the shorter the texts it is applied to.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from engine.model.bounds import timed

LONGEST = 500
MEMORY = 1024 * 1024  # of one pattern
LONGEST_HELD = 20_000  # letters of a text
TOO_LARGE = "pengulangannya terlalu besar; batasi panjangnya dengan maxLength"
MOST_WORK = 100_000_000  # letters times compiled size: about a second at worst
TOKEN = re.compile(r"\\u(?P<code>[0-9a-fA-F]{4})|\\(?P<sign>[wWdDsSbBZ])|\{,(?P<most>\d+)\}|\[\^?|\\?.", re.DOTALL)
WORD, SPACE = r"\p{L}\p{N}_", r"\s\v\x{1c}-\x{1f}\x{85}\p{Z}"
SIGNS = {
    **{"w": f"[{WORD}]", "W": f"[^{WORD}]", "s": f"[{SPACE}]", "S": f"[^{SPACE}]"},
    **{"d": r"\p{Nd}", "D": r"\P{Nd}", "Z": r"\z"},
}


class Unsayable(ValueError):
    """RE2 cannot run the pattern; the message names the reason in Indonesian."""


def check(pattern: str, longest: int | None = None) -> Callable[[Any], bool]:
    """Return a check of whether a text matches *pattern*. It passes everything if RE2 cannot run the pattern."""
    try:
        search = compiled(pattern, longest)
    except Unsayable:
        return lambda value: True
    return lambda value: (
        not isinstance(value, str) or len(value) > LONGEST_HELD or timed(search, value.encode(errors="replace"))
    )


@lru_cache(maxsize=256)
def compiled(pattern: str, longest: int | None = None) -> Callable[[bytes], Any]:
    """Return the search for *pattern* in texts of up to *longest* letters; Unsayable if RE2 cannot run it."""
    if len(pattern) > LONGEST:
        raise Unsayable(f"lebih dari {LONGEST} huruf")
    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, MEMORY
    try:
        found = re2.compile(translated(pattern), options)
    except re2.error as error:
        _, colon, sign = error.args[0].decode(errors="replace").rpartition(": ")
        raise Unsayable(f"{sign} tidak dikenal" if colon else TOO_LARGE) from None
    if found.programsize * min(longest or LONGEST_HELD, LONGEST_HELD) > MOST_WORK:
        raise Unsayable(TOO_LARGE)
    search: Callable[[bytes], Any] = found.search
    return search


def translated(pattern: str) -> str:
    """Return *pattern* in the syntax of RE2."""
    written: list[str] = []
    begun: int | None = None  # where the content of a bracket begins; a ] there is a letter
    for token in TOKEN.finditer(pattern):
        text, sign = token[0], token["sign"]
        if token["code"]:
            text = f"\\x{{{token['code']}}}"
        elif sign in ("b", "B") or (begun is not None and sign in ("W", "S")):
            raise Unsayable(f"{text} di dalam kurung siku" if sign in ("W", "S") else f"batas kata {text}")
        elif sign:
            text = SIGNS[sign].replace("[", "").replace("]", "") if begun is not None else SIGNS[sign]
        elif token["most"] and begun is None:
            text = f"{{0,{token['most']}}}"
        elif text[0] == "[":
            begun, text = (token.end(), text) if begun is None else (begun, "\\[")
        elif text == "]" and begun is not None:
            begun, text = (None, text) if begun < token.start() else (begun, "\\]")
        written.append(text)
    return "".join(written)
