"""The office's webhook, for its chat system. It sends titles, steps, due dates and links, but no names."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from engine.channels import webhook
from engine.channels.faults import Away, Refused
from engine.channels.letters import Item
from engine.channels.webhook import Receiver
from engine.model.errors import FieldError, InvalidForm
from engine.model.notices import Kind
from engine.model.people import Actor, OfficeRole
from engine.service.office.sealing import seal, unseal
from engine.service.telling.mail import Mail
from engine.service.telling.outbox import Nothing, Outbox
from engine.store.queries import dispatches
from engine.store.queries.dispatches import WEBHOOK, Dispatch
from engine.store.queries.office import read_setting, write_setting

SECTION = "webhook"
EMPTY: Mapping[str, Any] = {"on": False, "url": "", "kinds": ["late", "escalated", "incident", "message"]}


@dataclass(frozen=True)
class Webhook(Outbox):
    """The channel for notices that everybody may see."""

    channel, section, unset = WEBHOOK, SECTION, EMPTY
    mail: Mail
    key: bytes
    inside: bool  # the operator's environment allows private addresses

    def change(self, actor: Actor, value: Mapping[str, Any], revision: int, now: datetime) -> str | None:
        """Replace revision *revision* of the setting by *value*; return a new secret if there was none, else None."""
        actor.need(OfficeRole.OPERATOR)
        parts = urlsplit(value["url"])
        allowed = ("https", "http") if self.inside else ("https",)
        if (value["on"] or value["url"]) and (parts.scheme not in allowed or not parts.hostname or parts.username):
            raise InvalidForm([FieldError("url", "url", value["url"], "url")], {})
        new = {**value, "kinds": [kind.value for kind in Kind if kind.value in value["kinds"]]}
        with self.database.write(actor, now) as work:
            old, _ = read_setting(work, SECTION) or (None, 0)
            write_setting(work, SECTION, new, revision or None, {"old": old, "new": new})
            dispatches.resume(work, WEBHOOK)
            if not new["on"]:
                dispatches.drop_due(work, WEBHOOK, "webhook dimatikan operator")
            known = dispatches.secret_of(work, WEBHOOK) is not None
        return None if known else self.renew(actor, now)

    def renew(self, actor: Actor, now: datetime) -> str:
        """Replace the secret; return the new one, since it cannot be read later."""
        actor.need(OfficeRole.OPERATOR)
        new = secrets.token_bytes(32)
        with self.database.write(actor, now) as work:
            dispatches.keep_secret(work, WEBHOOK, seal(self.key, WEBHOOK, new))
        return f"whsec_{base64.b64encode(new).decode()}"

    def test(self, actor: Actor, now: datetime) -> None:
        """Call the receiver at once; InvalidForm if it does not accept the call."""
        actor.need(OfficeRole.OPERATOR)
        try:
            with self._receiver() as receiver:
                text = json.dumps({"type": "uji", "text": "Alur: uji webhook"}).encode()
                webhook.call(receiver, f"uji-{int(now.timestamp())}", now, text)
        except (Away, Refused) as fault:
            raise InvalidForm([FieldError("url", "url", str(fault), "unsent")], {}) from None

    def send(self, now: datetime) -> bool:
        """Make the calls that are due; return whether any was accepted."""

        def call(receiver: Receiver, its: Dispatch) -> None:
            webhook.call(receiver, its.id, now, self._body(its))

        return self.empty(self._receiver, call, now)

    @contextmanager
    def _receiver(self) -> Iterator[Receiver]:
        with self.database.read() as reader:
            found, _ = read_setting(reader, SECTION) or (EMPTY, 0)
            secret = unseal(self.key, WEBHOOK, dispatches.secret_of(reader, WEBHOOK))
        if secret is None or not found["url"]:
            raise Away("belum diatur, atau rahasianya tidak dapat dibuka")
        yield Receiver(found["url"], secret, self.inside)

    def _body(self, its: Dispatch) -> bytes:
        """Return the body of a call, in Indonesian; Nothing if the matter is over."""
        with self.database.read() as reader:
            found = [each for each, _ in dispatches.items(reader, its.id) if not each.over]
            items = [(each, self.mail.item(reader, each, None)) for each in found]
        if not items:
            raise Nothing("sudah selesai")
        [(each, item)] = items
        data = {"what": item.what, "title": item.title, "link": item.link, "instance": each.instance_id}
        data["due_at"] = each.due_at.isoformat() if each.due_at else None
        return json.dumps(
            {"type": each.kind, "timestamp": each.at.isoformat(), "text": _text_of(item), "data": data}
        ).encode()


def _text_of(item: Item) -> str:
    due = f", jatuh tempo {item.due}" if item.due else ""
    return f"{item.subject}{due} {item.link}".strip()
