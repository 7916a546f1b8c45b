"""Secrets of one installation: made at first start, one file each, readable by nobody else."""

import os
import secrets
from pathlib import Path

from engine.model.errors import SetupError
from engine.store.files import flush_folder

KEYS = "keys"
LENGTH = 32


def keys_dir(data_dir: Path) -> Path:
    """Return the folder of the keys, made with mode 0700 if it is missing."""
    folder = data_dir / KEYS
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in (data_dir, folder):
            if path.stat().st_mode & 0o077:
                path.chmod(0o700)
    except OSError as error:
        raise SetupError("key_unusable", path=folder, reason=error.strerror or str(error)) from error
    return folder


def key(data_dir: Path, name: str) -> bytes:
    """Return the 32 random bytes called *name*, making them (mode 0600) at the first call of all processes."""
    path = keys_dir(data_dir) / f"{name}.key"
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        found = path.read_bytes()
    except OSError as error:
        raise SetupError("key_unusable", path=path, reason=error.strerror or str(error)) from error
    if len(found) != LENGTH:
        raise SetupError("key_unusable", path=path, reason=f"berisi {len(found)} byte, bukan {LENGTH}")
    return found


def secret_key(data_dir: Path) -> bytes:
    """Return the key that signs cookies and forms."""
    return key(data_dir, "secret")


def _make(path: Path) -> None:
    # Written beside and then linked: two processes that start together see one whole key, never half of one.
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    flush_folder(path.parent)
