"""The line of each value in a JSON text, for error messages; the standard library's reader does not keep it."""

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')


def lines(text: str) -> tuple[dict[Path, int], list[Path]]:
    """Return the line (from 1) of every key and item of a well-formed JSON *text*, and the duplicate keys."""
    found: dict[Path, int] = {}
    twice: list[Path] = []
    tokens = _tokens(text)

    def value(mark: str, path: Path) -> None:
        if mark == "{":
            mark, line = next(tokens)
            while mark != "}":
                key = (*path, _plain(mark))
                if key in found:
                    twice.append(key)
                found[key] = line
                next(tokens)  # the colon
                value(next(tokens)[0], key)
                mark, line = next(tokens)
                if mark == ",":
                    mark, line = next(tokens)
        elif mark == "[":
            index = 0
            mark, line = next(tokens)
            while mark != "]":
                found[*path, index] = line
                value(mark, (*path, index))
                index += 1
                mark, line = next(tokens)
                if mark == ",":
                    mark, line = next(tokens)

    mark, found[()] = next(tokens)
    value(mark, ())
    return found, twice


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start(1))
        seen = match.start(1)
        yield match[1], line


def _plain(mark: str) -> str:
    return mark[1:-1].replace('\\"', '"').replace("\\\\", "\\")
