"""Checks new passwords: they must be long enough and hard to guess.

Digits or signs are not required (NIST SP 800-63B, 3.1.1.2). ``zxcvbn`` estimates the number of guesses from common
passwords and words, keyboard runs, dates, and names of person and office; below 10^8 a password is refused, with the
reason. Sentences of several words pass. A list of our own would repeat such lists, and a service of leaked passwords
needs the network.
"""

import re
from threading import Lock

from babel.dates import get_day_names, get_month_names

from engine.model.errors import AlurError

SHORTEST = 10
LONGEST = 200
EXAMINED = 72  # zxcvbn takes longer than linear time; its own bound
SAFE = 3  # its score from 10^8 guesses on
OFFICE = "alur sop sandi katasandi rahasia masuk kantor dinas kota indonesia merdeka pegawai kepala sekretaris"
CALENDAR = (names(locale="id")[n] for names in (get_month_names, get_day_names) for n in names(locale="id"))
CONTEXT = (*OFFICE.split(), *(name.lower() for name in CALENDAR))
"""Words that people here guess first and zxcvbn's English lists lack."""
ONE_AT_A_TIME = Lock()  # zxcvbn keeps the caller's words in a module variable


class WeakPassword(AlurError):
    """A new password is refused; *reason*: "short", "long", "name", "common", "pattern", "same" or "wrong_old"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def check(password: str, *about: str) -> None:
    """Refuse a password that is too short, too long, or easily guessed from texts *about* its owner."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists are longer than all of Alur

    if len(password) < SHORTEST:
        raise WeakPassword("short")
    if len(password) > LONGEST:
        raise WeakPassword("long")
    words = {part for text in about for part in (text, *re.split(r"[\W_]+", text)) if len(part) > 2}
    with ONE_AT_A_TIME:
        found = zxcvbn(password[:EXAMINED], [*CONTEXT, *sorted(words)])
    if found["score"] < SAFE:
        easy = max(found["sequence"], key=lambda part: (part["pattern"] != "bruteforce", len(part["token"])))
        own = easy.get("dictionary_name") == "user_inputs" and easy["matched_word"] in map(str.lower, words)
        raise WeakPassword("name" if own else "common" if easy["pattern"] == "dictionary" else "pattern")
