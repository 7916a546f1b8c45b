"""Secrets as the database holds them: encrypted with a key of the installation, and bound to whose they are.

A stolen database tells none, and a row that somebody exchanged opens nothing.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


def seal(key: bytes, whose: str, content: bytes) -> bytes:
    """Return *content* sealed for *whose* it is."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, whose.encode())


def unseal(key: bytes, whose: str, sealed: bytes | None) -> bytes | None:
    """Return what was sealed; None if nothing was, or another's was put there, or the key is another."""
    try:
        return AESGCM(key).decrypt((sealed or b"")[:NONCE], (sealed or b"")[NONCE:], whose.encode())
    except (InvalidTag, ValueError):
        return None
