"""Words of texts as search compares them: without case and accents, in ASCII, so that all databases split them alike.

A date is one word in every form: 14 April 2025, 14/4/2025 and 2025-04-14 are ``20250414``. A text with signs but no
spaces, such as the number 000.1.5/1/DPMPTSP/2025, is found as a whole and by its parts.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.model.dates import read_date

WORD = re.compile(r"[^\W_]+")
DATED = re.compile(
    r"(?<![\w./-])(?:\d{4}-\d\d-\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2} [a-z]{3,9} \d{4})(?![\w/-]|\.\d)",
    re.IGNORECASE,
)
QUARTER = re.compile(r"\b(?:tw|triwulan)[. ]*(iv|i{1,3}|[1-4])\b(?![./-]\w)", re.IGNORECASE)
ROMAN = re.compile("[ivx]+")
LONGEST, MOST, LEAST_BEGUN = 60, 12, 3
AROUND = 90  # letters on each side of the word in an excerpt


@dataclass(frozen=True, slots=True)
class Asked:
    """A word to search for; *begins* also finds longer words that begin with it."""

    text: str
    begins: bool

    @property
    def pattern(self) -> str:
        """A pattern that finds it in a text, also with signs between its letters."""
        letters = "[^\\s\\w]*".join(map(re.escape, self.text))
        return rf"(?<!\w){letters}" + (r"\w*" if self.begins else r"(?!\w)")


def words_of(text: str) -> set[str]:
    """Return the words by which a text is found."""
    text = QUARTER.sub(_quarter, text)
    found = {day for day in map(_day, DATED.findall(text)) if day}
    for chunk in _folded(text).split():
        parts = WORD.findall(chunk)
        found.update(_plain(each) for each in (*parts, "".join(parts)) if each and len(each) <= LONGEST)
    return found


def asked(text: str) -> tuple[Asked, ...]:
    """Return the first MOST words of a search, in order."""
    found: dict[str, bool] = {}
    text = DATED.sub(lambda said: _day(said[0]) or said[0], QUARTER.sub(_quarter, text))
    for chunk in _folded(text).split():
        parts = WORD.findall(chunk)
        together = len(parts) > 1 and any(letter.isdigit() for letter in chunk)
        for each in ["".join(parts)] if together else parts:
            exact = len(each) < LEAST_BEGUN or ROMAN.fullmatch(each) or (each.isdigit() and not together)
            found[_plain(each)[:LONGEST]] = not exact
    return tuple(Asked(*each) for each in found.items())[:MOST]


def has_all(text: str, sought: Sequence[Asked]) -> bool:
    """Whether a text has all words of a search."""
    said = words_of(text)
    return all(
        any(each.text == word or (each.begins and word.startswith(each.text)) for word in said) for each in sought
    )


def mark(whose: str) -> str:
    """Return the index word that marks what a role or person may see; people cannot type it."""
    return "qq" + hashlib.sha256(whose.encode()).hexdigest()[:16]


def joined(id_: str) -> str:
    """Return the name of an account as one word."""
    return _plain("".join(WORD.findall(_folded(id_))))


def excerpt(text: str, sought: Sequence[Asked]) -> tuple[tuple[str, bool], ...]:
    """Return the text around the first match as parts, each with whether it matches."""
    pattern = re.compile("|".join(each.pattern for each in sought) or "$", re.IGNORECASE)
    start = pattern.search(text)
    places = list(pattern.finditer(text, start.start(), start.end() + 2 * AROUND)) if start else []
    first = max(0, places[0].start() - AROUND) if places else 0
    last = min(len(text), (places[0].end() if places else 0) + 2 * AROUND)
    return tuple(part for part in _parts(text, first, last, places) if part[0])


def _parts(text: str, at: int, last: int, places: Sequence[re.Match[str]]) -> Iterator[tuple[str, bool]]:
    yield "…" if at else "", False
    for found in places:
        if found.end() <= last:
            yield text[at : found.start()], False
            yield found[0], True
            at = found.end()
    yield text[at:last] + ("…" if last < len(text) else ""), False


def _folded(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))


def _plain(word: str) -> str:
    return word if word.isascii() else "".join(each if each.isascii() else f"{ord(each):x}" for each in word)


def _quarter(said: re.Match[str]) -> str:
    return f"triwulan {['i', 'ii', 'iii', 'iv'][int(said[1]) - 1] if said[1].isdecimal() else said[1]}"


def _day(text: str) -> str | None:
    try:
        day = read_date(text)
    except ValueError:
        return None
    return f"{day:%Y%m%d}" if day else None
