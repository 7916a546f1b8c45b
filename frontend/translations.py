"""The interface's texts: Indonesian in the source, English in one catalogue.

``python -m frontend.translations`` collects the texts into ``en/LC_MESSAGES/messages.po`` (new ones empty, lost ones
removed); ``--check`` fails and names every text without a translation. ``compile_catalogues`` is part of the build.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "engine"
TRANSLATIONS = SOURCES / "web" / "translations"
CATALOGUE = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
METHODS = [
    ("**/static/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def collected() -> Catalog:
    """Return the catalogue of every text in the source."""
    catalogue = Catalog(project="Alur", charset="utf-8")
    found = extract_from_dir(
        str(SOURCES), METHODS, {"**/templates/**.html": {"trimmed": "true"}}, keywords=KEYWORDS, strip_comment_tags=True
    )
    for path, line, message, comments, context in found:
        catalogue.add(message, None, [(f"engine/{path}", line)], auto_comments=comments, context=context)
    return catalogue


def update() -> None:
    """Bring the English catalogue to the texts of the source."""
    with CATALOGUE.open("rb") as file:
        english = read_po(file, locale="en")
    english.update(collected(), no_fuzzy_matching=True, update_creation_date=False)
    english.obsolete.clear()
    with CATALOGUE.open("wb") as file:
        write_po(file, english, width=110, sort_output=True, omit_header=False, no_location=True, ignore_obsolete=True)


def faults() -> list[str]:
    """Return what keeps the English translation from being complete."""
    with CATALOGUE.open("rb") as file:
        english = read_po(file, locale="en")
    found = []
    for message in collected():
        if not message.id:
            continue
        translated = english.get(message.id, message.context)
        texts = translated.string if translated is not None else None
        texts = texts if isinstance(texts, tuple | list) else (texts,)
        if not all(texts):
            found.append(f"{message.locations[0][0]}:{message.locations[0][1]}  {message.id!r}")
        elif translated is not None:
            found += [f"{message.id!r}: {error}" for error in translated.check()]
    return found


def compile_catalogues() -> None:
    """Write the .mo file of every catalogue that changed."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as file:
                catalogue = read_po(file, locale=source.parent.parent.name)
            with target.open("wb") as file:
                write_mo(file, catalogue)


def main() -> None:
    """Update, or check."""
    if "--check" not in sys.argv:
        update()
        return
    missing = faults()
    for fault in missing:
        print(f"no English for {fault}")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
