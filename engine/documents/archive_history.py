"""Reads the history in a berkas: checks its chain, formats and instants, and finds which files must be there."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.model.hearing import hear
from engine.model.history import GENESIS, Action, genesis, goes_back, hashed_text, misplaced, plain
from engine.model.renderings import COVER
from engine.model.testimony import Line, Testimony

HANDED_OVER = "data/lampiran/"
UNREADABLE = "tidak terbaca sebagai baris riwayat"
WRONG = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""Errors about a list or line that is not as Alur wrote it."""


class Said:
    """What must be in the berkas according to history, and in which folder."""

    def __init__(self) -> None:
        self.documents: set[str] = set()
        self.contents: dict[str, str] = {}  # by folder of the version
        self.handed_over: set[str] = set()  # evidence, scans, signed PDFs
        self.testimony = Testimony("instance:")
        self.tells_files = True  # not in lines of earlier releases, which omit uploads and the first part's hash
        self.content_hash: str | None = None
        self.lines, self.head = 0, GENESIS  # number of valid lines, and hash of the last one
        self._parts: dict[tuple[str, str], tuple[str, str, str]] = {}
        self._all_parts: dict[str, set[str]] = {}  # by data object, since a version copies parts of the one before
        self._papers: dict[str, set[tuple[str, str]]] = {}  # by folder
        self._expected: set[tuple[str, str, str]] = set()

    def walk(self, lines: Iterable[bytes], recorded: Sequence[str], installation: str) -> str | None:
        """Read *lines* in order; return the fault of the first invalid one, None if all are valid."""
        before, latest, stream, form = "", "", "", 1
        for number, text in enumerate(lines, start=1):
            digest = hashlib.sha256(text).hexdigest()
            if number > len(recorded) or recorded[number - 1].split() != [digest, str(number)]:
                return "isinya bukan yang ditulis semula: sidiknya lain daripada yang tercatat"
            try:
                line = {"format": 1, "name": None, "capacity": None} | json.loads(text)
                if number == 1 and line["format"] > 1:
                    self.head = genesis(installation, line["stream"])
                stream = stream or f"instance:{line['instance_id']}"
                if misplaced(stream, line["format"], line["action"], line["instance_id"]):
                    return UNREADABLE
                if hashed_text(**line).encode() != text:
                    return UNREADABLE
                at, mark = line["at"], line["change"] if line["action"] == Action.CLOCK_SET_BACK else None
                if plain(datetime.fromisoformat(at)) != at:
                    return UNREADABLE
                behind = goes_back(at, before, latest, mark)
                self.hear(line)
            except WRONG:
                return UNREADABLE
            if (line["seq"], line["previous_hash"]) != (number, self.head):
                return "tidak menyambung ke baris sebelumnya: ada baris yang diubah, dihapus, atau disisipkan"
            if line["format"] < form or line["stream"] != stream:
                return "ditulis dengan bentuk yang lebih lama daripada baris di depannya, atau bukan milik riwayat ini"
            if behind == before and line["format"] > 1:
                return "bertanggal sebelum baris di depannya, tanpa tanda bahwa jam dimundurkan"
            if self.testimony.contradiction:
                return "mencatat sidik yang bukan sidik baris di depannya: riwayat dihitung ulang"
            before, latest = at, max(latest, at) if mark is None and behind is None else at
            form, self.lines, self.head = line["format"], number, digest
        return None

    def hear(self, line: Mapping[str, Any]) -> None:
        """Take a valid line."""
        action, change = line["action"], json.loads(line["change"])
        self.testimony.stream = line["stream"]
        hear(self.testimony, Line(**line), change)
        if action == "instance:started":
            self.content_hash = str(change["content_hash"])
        if action == "task:completed":
            self.tells_files &= "files" in change
            for digest in change.get("files", {}).values():
                self._hand_over(f"lampiran dari {line['element_id']}", str(digest))
        if "document" not in change or "data_object" not in change:
            return
        object_id, folder = change["data_object"], f"{change['data_object']}/v{change['version']}"
        named = f"{object_id} v{change['version']}"
        if action in ("document:saved", "document:submitted", "document:issued", "document:replaced"):
            self.documents.add(change["document"])
            self.contents[folder] = str(change["sha256"])
        if "part_sha256" in change:
            digest = str(change["part_sha256"])
            self._parts[(change["document"], change["item"])] = (f"{named} bagian {change['item']}", object_id, digest)
            self._all_parts.setdefault(object_id, set()).add(digest)
        if action == "document:rendered" and change["format"] != COVER:  # the cover is not part of the berkas
            part = f" {change['part']}" if change.get("part") else ""
            paper = (f"{named} ({change['format']}{part})", str(change["file_sha256"]))
            self._papers.setdefault(folder, set()).add(paper)
        if action in ("document:signed", "signature:filed") and change.get("file_sha256"):
            self._hand_over(f"{named} (bertanda tangan)", str(change["file_sha256"]))

    def known(self, folder: str, object_id: str) -> set[str]:
        """Return the hashes that a file of a version may have."""
        papers = {digest for _, digest in self._papers.get(folder, ())}
        return {self.contents.get(folder, ""), *papers, *self._all_parts.get(object_id, ())}

    def expected(self) -> set[tuple[str, str, str]]:
        """Return the files that must be there besides contents: (description, folder, hash)."""
        papers = {(what, folder, digest) for folder, of in self._papers.items() for what, digest in of}
        return {*self._parts.values(), *papers, *self._expected}

    def _hand_over(self, what: str, digest: str) -> None:
        self.handed_over.add(digest)
        self._expected.add((what, HANDED_OVER, digest))
