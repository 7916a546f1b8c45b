"""Calls of a webhook: JSON by POST over HTTPS, signed as Standard Webhooks 1.0 says (standardwebhooks.com).

Only addresses of the public internet are called, unless the operator's environment allows others (``http_exchange``).
An answer counts by its status alone.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from engine.channels.faults import Away, Refused
from engine.channels.http_exchange import exchange

UNFIT = (400, 413, 415, 422)  # statuses that speak of this message, and not of the way


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where calls go, and the secret that both sides have; *inside* says that private addresses are allowed."""

    url: str
    secret: bytes
    inside: bool


def call(receiver: Receiver, id_: str, at: datetime, body: bytes) -> None:
    """Call a receiver with *body*; Away or Refused says why it did not take it."""
    headers = {"Content-Type": "application/json", **signed(receiver.secret, id_, at, body)}
    status, _ = exchange("POST", receiver.url, headers, body, inside=receiver.inside)
    if status in UNFIT:
        raise Refused(f"HTTP {status}", for_good=True)
    if not 200 <= status < 300:
        raise Away(f"HTTP {status}, pengalihan tidak diikuti" if 300 <= status < 400 else f"HTTP {status}")


def signed(secret: bytes, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sends a body, and when."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret, f"{id_}.{seconds}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": id_, "webhook-timestamp": str(seconds), "webhook-signature": signature}
