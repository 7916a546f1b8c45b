"""A bucket of an S3 server as a place for contents, with the settings of AWS's own tools.

S3 writes objects atomically and lists them at once (AWS promises both; SeaweedFS does so too). Objects are downloaded
to a local file first, so that their hash can be checked before use, and pages answer range requests from it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from engine.model.errors import NotFound, SetupError, StoreAway
from engine.store.places import disk_problems

CHUNK = 1 << 20
AT_ONCE = 2  # parts of 5 MiB of a large file that are uploaded in parallel
CONNECTING, SILENT = timedelta(seconds=3), timedelta(seconds=30)
LONGEST = timedelta(hours=1)  # of one request: the largest file on a slow line
TRIES, TRYING = 2, timedelta(seconds=10)  # few retries: people get an error, and the worker tries again later


class Bucket:
    """The contents of a bucket under a prefix; safe to share between threads, but not across a fork."""

    def __init__(self, url: str, scratch: Path) -> None:
        """Use the bucket and prefix in *url*, and the folder *scratch* for local files; do not connect yet."""
        self.url, self._scratch = url, scratch
        try:
            self._store = S3Store.from_url(
                url,
                client_options={
                    "allow_http": True,  # only if the operator's endpoint has it
                    "connect_timeout": CONNECTING,
                    "read_timeout": SILENT,
                    "timeout": LONGEST,
                },
                retry_config={"max_retries": TRIES, "retry_timeout": TRYING},
            )
        except (BaseError, ValueError) as error:
            raise SetupError("store_url", url=url) from error

    def __str__(self) -> str:
        return self.url

    def scratch(self) -> BinaryIO:
        """Return an unnamed temporary file on the local disk."""
        with disk_problems(self._scratch):
            return cast(BinaryIO, tempfile.TemporaryFile(dir=self._scratch))

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """Give a local file, which ``put`` uploads."""
        with disk_problems(self._scratch), self.scratch() as file:
            yield file

    def put(self, name: str, draft: BinaryIO, *, once: bool = False) -> None:
        """Upload a draft, a large one in parts; with *once*, only if nothing is there."""
        draft.seek(0)
        with self._reached(name), suppress(AlreadyExistsError):
            obstore.put(self._store, name, draft, mode="create" if once else "overwrite", max_concurrency=AT_ONCE)

    def open(self, name: str) -> BinaryIO:
        """Download the content into a temporary file."""
        file = self.scratch()
        try:
            with self._reached(name):
                parts = obstore.get(self._store, name).stream(CHUNK)
            with disk_problems(self._scratch):
                while part := self._next(name, parts):
                    file.write(part)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def names(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """List the contents of a folder."""
        with self._reached(folder):
            for some in obstore.list(self._store, folder):
                yield from ((each["path"], each["last_modified"]) for each in some)

    def move(self, name: str, to: str) -> None:
        """Copy, then delete, so that the content is never missing."""
        with suppress(NotFound), self._reached(name):
            obstore.rename(self._store, name, to)

    def delete(self, name: str) -> None:
        """Delete the content."""
        with suppress(NotFound), self._reached(name):
            obstore.delete(self._store, name)

    def _next(self, name: str, parts: Iterator[bytes]) -> bytes:
        with self._reached(name):
            return next(parts, b"")

    @contextmanager
    def _reached(self, name: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            said = str(error)
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in said:
                raise NotFound(name) from None
            raise StoreAway(self.url, said.partition("\n")[0]) from error
