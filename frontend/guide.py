"""The guide for people of the office: Markdown in docs/panduan becomes /panduan and the help of pages.

A chapter is a file, its sections begin with ``##``. A line ``[halaman]: tasks.inbox`` in a section, which readers of
the Markdown do not see, makes it the help of that page. Pictures are made by ``tests/pages/test_guide.py`` and kept
beside the text, small, so that a fresh machine without a browser shows them too.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

SOURCES = Path(__file__).resolve().parent.parent / "docs" / "panduan"
PAGE = re.compile(r"^\[halaman\]: (\S+)$", re.MULTILINE)
LINK = re.compile(r'href="\d-(\w+)\.md(#[\w-]*)?"')
PICTURE = re.compile(r'<p><img src="gambar/([\w-]+)\.webp" (alt="[^"]*") /></p>\n?')


def guide(pictures: Mapping[str, str]) -> dict[str, Any]:
    """Return every chapter with its sections, and by endpoint where its help stands; *pictures* are addresses."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def rendered(text: str) -> str:
        html = LINK.sub(lambda to: f'href="/panduan/{to[1]}{to[2] or ""}"', markdown.render(text))
        return PICTURE.sub(lambda found: drawn(*found.groups()), html)

    def drawn(name: str, words: str) -> str:  # one that is not made yet is left out
        return f'<p class="picture"><img src="{pictures[name]}" {words} loading="lazy"></p>' if name in pictures else ""

    chapters, pages = [], {}
    for path in sorted(SOURCES.glob("[0-9]-*.md")):
        head, *parts = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        title, _, before = head.removeprefix("# ").partition("\n")
        chapter: dict[str, Any] = {"name": path.stem[2:], "title": title, "html": rendered(before), "sections": []}
        for part in parts:
            heading, _, text = part.partition("\n")
            name = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
            section = {"name": name, "title": heading, "html": rendered(text)}
            chapter["sections"].append(section)
            pages |= dict.fromkeys(PAGE.findall(text), f"{chapter['name']}#{name}")
        chapters.append(chapter)
    return {"chapters": chapters, "pages": pages}


def pictures() -> dict[str, tuple[str, bytes]]:
    """Return every picture by its name: the name of the built file, which follows from its content, and the content."""
    found = {}
    for path in sorted((SOURCES / "gambar").glob("*.webp")):
        content = path.read_bytes()
        found[path.stem] = (f"panduan-{path.stem}-{hashlib.sha256(content).hexdigest()[:8].upper()}.webp", content)
    return found
