"""Calls a webhook: JSON by POST over HTTPS, signed according to Standard Webhooks 1.0 (standardwebhooks.com).

Only public addresses are called, unless the operator allows others (``http_exchange``). Of the answer only the status
is read.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from engine.channels.faults import Away, Refused
from engine.channels.http_exchange import exchange

UNFIT = (400, 413, 415, 422)  # statuses that refuse this message; others concern the channel


@dataclass(frozen=True, slots=True)
class Receiver:
    """The address to call and the shared secret; *inside* allows private addresses."""

    url: str
    secret: bytes
    inside: bool


def call(receiver: Receiver, id_: str, at: datetime, body: bytes) -> None:
    """Send *body*; Away or Refused if the receiver does not accept it."""
    headers = {"Content-Type": "application/json", **signed(receiver.secret, id_, at, body)}
    status, _ = exchange("POST", receiver.url, headers, body, inside=receiver.inside)
    if status in UNFIT:
        raise Refused(f"HTTP {status}", for_good=True)
    if not 200 <= status < 300:
        raise Away(f"HTTP {status}, pengalihan tidak diikuti" if 300 <= status < 400 else f"HTTP {status}")


def signed(secret: bytes, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers with the signature of a body and its time."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret, f"{id_}.{seconds}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": id_, "webhook-timestamp": str(seconds), "webhook-signature": signature}
