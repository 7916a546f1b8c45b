"""Which passwords are taken: long enough, and not among those that everybody guesses first.

No rule asks for digits or signs (NIST SP 800-63B, 3.1.1.2). ``zxcvbn`` reckons how many guesses a password takes, from
lists of common passwords and words, keyboard runs, dates, and the person's and the office's own names; fewer than
10^8 are refused, with what made it easy. A list of our own would be a copy of such lists, and a service that knows
leaked passwords needs the network. Sentences of several words pass.
"""

import re
from threading import Lock

from babel.dates import get_day_names, get_month_names
from zxcvbn import zxcvbn

from engine.model.errors import AlurError

SHORTEST = 10
LONGEST = 200
EXAMINED = 72  # zxcvbn takes longer than linear time; its own bound
SAFE = 3  # its score from 10^8 guesses on
OFFICE = "alur sop sandi katasandi rahasia masuk kantor dinas kota indonesia merdeka pegawai kepala sekretaris"
CALENDAR = (names(locale="id")[n] for names in (get_month_names, get_day_names) for n in names(locale="id"))
CONTEXT = (*OFFICE.split(), *(name.lower() for name in CALENDAR))
"""What its lists of English words lack and everybody here guesses first."""
ONE_AT_A_TIME = Lock()  # zxcvbn keeps the words of the one who asks in a table of its module


class WeakPassword(AlurError):
    """A new password is not taken; *reason* is "short", "long", "name", "common", "pattern", "same" or "wrong_old"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(password: str, *about: str) -> None:
    """Refuse a password that is too short, too long or easily guessed by who knows what it is *about*."""
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
