"""Encrypts secrets for the database, with a key of the installation and bound to their owner.

A stolen database reveals none of them, and a secret copied to another row cannot be decrypted.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


def seal(key: bytes, whose: str, content: bytes) -> bytes:
    """Return *content* encrypted for the owner *whose*."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, whose.encode())


def unseal(key: bytes, whose: str, sealed: bytes | None) -> bytes | None:
    """Return the content; None if there is none, or if it was encrypted for another owner or with another key."""
    try:
        return AESGCM(key).decrypt((sealed or b"")[:NONCE], (sealed or b"")[NONCE:], whose.encode())
    except (InvalidTag, ValueError):
        return None
