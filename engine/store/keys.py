"""Secret keys of an installation: generated at first use, and readable by the operator's account only."""

import secrets
from pathlib import Path

from engine.model.errors import NotFound, SetupError
from engine.store.places import KEYS, Folder, Place, create, read

LENGTH = 32


def keys_dir(data_dir: Path) -> Path:
    """Return the folder of the keys; make it if needed, and remove permissions of other accounts."""
    folder = data_dir / KEYS
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in (data_dir, folder, *folder.glob("*.key")):
            if path.stat().st_mode & 0o077:
                path.chmod(0o700 if path.is_dir() else 0o600)
    except OSError as error:
        raise SetupError("key_unusable", path=folder, reason=error.strerror or str(error)) from error
    return folder


def key(place: Place, name: str) -> bytes:
    """Return the key *name*, 32 random bytes; the first call of all processes and machines generates it."""
    kept = f"{KEYS}/{name}.key"
    try:
        if isinstance(place, Folder):
            keys_dir(place.root)
        try:
            found = read(place, kept)
        except NotFound:
            create(place, kept, secrets.token_bytes(LENGTH))
            found = read(place, kept)
    except OSError as error:
        raise SetupError("key_unusable", path=kept, reason=error.strerror or str(error)) from error
    if len(found) != LENGTH:
        raise SetupError("key_unusable", path=kept, reason=f"berisi {len(found)} byte, bukan {LENGTH}")
    return found
