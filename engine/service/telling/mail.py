"""E-mail: the office's account at a server, and letters to people."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from engine.channels import letters, smtp
from engine.channels.faults import Away, Refused
from engine.channels.letters import Envelope, Item
from engine.model.dates import write_instant, write_weekday
from engine.model.errors import FieldError, InvalidForm
from engine.model.notices import Notice
from engine.model.people import Actor, OfficeRole
from engine.service.office.business_calendar import Office
from engine.service.office.sealing import seal, unseal
from engine.service.people.addresses import ADDRESS
from engine.service.people.reset_links import FIRST, LASTS, ResetLinks
from engine.service.procedures.procedure import Procedures
from engine.service.telling.kinds import gettext_of
from engine.service.telling.notices import told
from engine.service.telling.outbox import Nothing, Outbox
from engine.store.queries import Transaction, dispatches, notices, people
from engine.store.queries.dispatches import MAIL, Dispatch
from engine.store.queries.notices import Reach
from engine.store.queries.office import read_setting, write_setting

log = structlog.get_logger(__name__)
SECTION = "mail"
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
PORTS = {smtp.STARTTLS: 587, smtp.TLS: 465}
EMPTY: Mapping[str, Any] = {
    "on": False,
    "host": "",
    "port": 587,
    "security": smtp.STARTTLS,
    "user": "",
    "sender": "",
    "sender_name": "",
    "password_set": False,
}


@dataclass(frozen=True)
class Mail(Outbox):
    """The office's mail account."""

    channel, section, unset = MAIL, SECTION, EMPTY
    office: Office
    procedures: Procedures
    key: bytes
    public_url: str
    office_name: str
    links: ResetLinks

    def sends_links(self, now: datetime) -> bool | None:
        """Whether letters with links can be sent now; None if mail is off or the public address is not set."""
        with self.database.read() as reader:
            found, _ = read_setting(reader, SECTION) or (EMPTY, 0)
            left_alone = dispatches.pause(reader, MAIL)
        return None if not (found["on"] and self.public_url) else not left_alone

    def on(self) -> bool:
        """Whether letters are sent at all."""
        return bool((self.database.ask(read_setting, SECTION) or (EMPTY, 0))[0]["on"])

    # ── the operator's page ─────────────────────────────────────────────────────────────────────────────────────────

    def change(self, actor: Actor, value: Mapping[str, Any], password: str, revision: int, now: datetime) -> None:
        """Replace revision *revision* of the setting by *value*; an empty password keeps the old one.

        InvalidForm names invalid fields. Switching mail off drops the letters that are due.
        """
        actor.need(OfficeRole.OPERATOR)
        _refuse_invalid(value)
        with self.database.write(actor, now) as work:
            old, _ = read_setting(work, SECTION) or (None, 0)
            set_ = bool(value["user"]) and bool(password or (old or {}).get("password_set"))
            new = {**value, "password_set": set_}
            write_setting(work, SECTION, new, revision or None, {"old": old, "new": new})
            if password or not set_:
                dispatches.keep_secret(work, MAIL, seal(self.key, MAIL, password.encode()) if set_ else None)
            dispatches.resume(work, MAIL)
            if not new["on"]:
                dispatches.drop_due(work, MAIL, "surel dimatikan operator")

    def test(self, actor: Actor, to: str, now: datetime) -> None:
        """Send a test letter at once; InvalidForm if it cannot be sent."""
        actor.need(OfficeRole.OPERATOR)
        gettext = gettext_of("id")
        item = Item(gettext("Surel uji"), "", "", "", self._link(""))
        at = Envelope(f"uji-{int(now.timestamp())}", "", "", to.strip(), now)
        self._post("notices", f"[Alur] {item.label}", at, None, name=actor.name, items=[item], settings="")

    def confirm(self, to: Reach, address: str, link: str, now: datetime) -> None:
        """Send a person the link that confirms their address; InvalidForm if it cannot be sent."""
        at = Envelope(f"alamat-{to.person_id}-{int(now.timestamp())}", "", "", address, now)
        gettext = gettext_of(to.locale)
        self._post("confirm", gettext("[Alur] Pastikan alamat surel Anda"), at, to.locale, name=to.name, link=link)

    def moved(self, before: Reach, by: str, now: datetime) -> None:
        """Send a letter to a person's old address about its change, once, since the address is erased then."""
        at, gettext = Envelope(f"bekas-{uuid.uuid4()}", "", "", before.email or "", now), gettext_of(before.locale)
        facts = {"name": before.name, "account": before.person_id, "by": by}
        facts["day"] = write_instant(now, self.office.zone(), before.locale or "id")
        try:
            self._post("moved", gettext("[Alur] Alamat surel Anda diganti"), at, before.locale, **facts)
        except InvalidForm as unsent:
            log.warning("old address was not told", person=before.person_id, cause=unsent.errors[0].message)

    def _post(self, template: str, subject: str, at: Envelope, locale: str | None, **facts: Any) -> None:
        if not ADDRESS.fullmatch(at.to):
            raise InvalidForm([FieldError("surel", "email", at.to, "email")], {})
        account, at = self._account(at)
        facts |= {"office": self.office_name}
        letter = letters.letter(at, subject, template, gettext_of(locale), locale or "id", **facts)
        try:
            with smtp.connected(account) as post:
                post.send(letter)
        except (Away, Refused) as fault:
            raise InvalidForm([FieldError("surel", "email", str(fault), "unsent")], {}) from None

    # ── letters ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, now: datetime) -> bool:
        """Send the letters that are due; return whether any was sent."""
        try:
            account, sender = self._account(Envelope("", "", "", "", now))
        except InvalidForm:  # switched off meanwhile
            return False
        return self.empty(
            partial(smtp.connected, account), lambda post, its: post.send(self._letter(its, sender, now)), now
        )

    def _account(self, at: Envelope) -> tuple[smtp.Account, Envelope]:
        """Return the account, and *at* with the account's sender; InvalidForm if mail is off."""
        with self.database.read() as reader:
            found, _ = read_setting(reader, SECTION) or (EMPTY, 0)
            sealed = dispatches.secret_of(reader, MAIL)
        if not found["host"]:
            raise InvalidForm([FieldError("surel", "email", "", "off")], {})
        password = unseal(self.key, MAIL, sealed) or b""
        account = smtp.Account(found["host"], found["port"], found["security"], found["user"], password.decode())
        return account, replace(at, sender=found["sender"], sender_name=found["sender_name"] or self.office_name)

    def _letter(self, its: Dispatch, sender: Envelope, now: datetime) -> Any:
        """Return the letter with those notices that still concern the person; Nothing if there are none."""
        if (what := its.id.partition("-")[0]) in LASTS:
            return self._link_letter(its, sender, now, first=what == FIRST)
        today = self.office.today(now)
        with self.database.read() as reader:
            to = notices.reach(reader, [its.person_id]).get(its.person_id)
            if to is None or to.email is None:
                raise Nothing("tidak aktif, atau tanpa alamat surel")
            held = notices.roles_on(reader, its.person_id, today)
            if not held:
                raise Nothing("tidak bekerja dalam peran mana pun")
            found = [each for each, role in dispatches.items(reader, its.id) if not each.over and role in {None, *held}]
            items = [self.item(reader, each, to.locale) for each in found]
        if not items:
            raise Nothing("sudah selesai atau bukan perannya lagi")
        gettext, locale = gettext_of(to.locale), to.locale or "id"
        day = write_weekday(its.due_at.astimezone(self.office.zone()), locale)
        many = gettext("Ringkasan pemberitahuan, %(day)s") % {"day": day}
        subject = items[0].subject if len(items) == 1 else many
        at = replace(sender, id=its.id, to=to.email, at=its.made_at)
        facts = {"name": to.name, "items": items, "office": self.office_name}
        facts["settings"] = self._link("pemberitahuan/cara")
        return letters.letter(at, f"[Alur] {subject}", "notices", gettext, locale, **facts)

    def _link_letter(self, its: Dispatch, sender: Envelope, now: datetime, *, first: bool) -> Any:
        to = self.database.ask(notices.reach, [its.person_id]).get(its.person_id)
        secret = self.links.secret_of(its.id, its.person_id, its.made_at, now) if to and to.email else ""
        if to is None or to.email is None or not secret:
            raise Nothing("tautan sandi: tidak ada akun aktif dengan alamat yang dipastikan, atau sudah lewat")
        at, gettext = replace(sender, id=its.id, to=to.email, at=its.made_at), gettext_of(to.locale)
        facts = {"name": to.name, "account": to.person_id, "office": self.office_name, "first": first}
        facts |= {"link": self._link(f"sandi/baru/{secret}")}
        subject = gettext("[Alur] Tautan untuk sandi baru")
        return letters.letter(at, subject, "password", gettext, to.locale or "id", **facts)

    def item(self, reader: Transaction, each: Notice, locale: str | None) -> Item:
        """Return a notice as letters and the webhook state it."""
        its = told(reader, self.procedures, each)
        step = (its.step.name_en if locale == "en" and its.step.name_en else its.step.name) if its.step else None
        due = write_instant(each.due_at, self.office.zone(), locale or "id") if each.due_at else ""
        label, link = gettext_of(locale)(its.saying.label), self._link(f"pemberitahuan/{each.id}")
        by = people.names(reader, [each.by]).get(each.by, each.by) if each.reason else ""
        why = f"{by}: {each.reason}" if by else each.reason or ""
        return Item(label, step or each.document or "", each.title or "", due, link, why)

    def _link(self, path: str) -> str:
        return f"{self.public_url}/{path}" if self.public_url else ""


def _refuse_invalid(value: Mapping[str, Any]) -> None:
    wrong = [
        ("host", not HOST.fullmatch(value["host"]), bool(value["on"] or value["host"])),
        ("sender", not ADDRESS.fullmatch(value["sender"]), bool(value["on"] or value["sender"])),
        ("port", not 1 <= value["port"] <= 65535, True),
        ("security", value["security"] not in PORTS, True),
    ]
    faults = [FieldError(name, name, str(value[name]), name) for name, bad, asked in wrong if bad and asked]
    faults += [
        FieldError(n, n, "", n)
        for n in ("user", "sender_name")
        if len(value[n]) > 200 or re.search(r"[\r\n]", value[n])
    ]
    if faults:
        raise InvalidForm(faults, {})
