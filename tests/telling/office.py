"""The office, with what its worker does so that people hear of things."""

from dataclasses import replace

from tests.office import OfficeAtWork
from tests.telling.post import PASSWORD, USER


def swept(office):
    """Do what the worker does every second, until nothing is due; what it was."""
    telling, done = office.services.telling, []
    while (due := telling.due(office.now)) and len(done) < 50:
        done += [part for part in due if telling.do(part, office.now)]
    return done


class TellingOffice(OfficeAtWork):
    """An office whose worker comes by when a test says so."""

    def sweep(self):
        """Do what the worker does every second, until nothing is due; a minute goes by."""
        done = swept(self)
        self.later(minutes=1)
        return done

    def told(self, account):
        """What stands on somebody's list, newest first: the kind, and what it is about."""
        found, _ = self.services.notices.list(self.actor(account))
        return [(t.notice.kind.value, t.step.element_id if t.step else t.notice.document or "") for t in found]

    def unread(self, account):
        return self.services.notices.unread(self.actor(account)).count

    def uses(self, post, **more):
        """Let letters go by a server."""
        services = self.services
        mail = services.mail = replace(services.mail, public_url="https://alur.contoh.go.id")
        services.telling = replace(services.telling, mail=mail)
        value = {"on": True, "host": "localhost", "port": post.port, "user": USER, "sender_name": ""}
        value |= {"security": "tls" if post.implicit else "starttls", "sender": "alur@contoh.go.id", **more}
        _, revision = mail.setting(self.actor("operator"))
        mail.change(self.actor("operator"), value, PASSWORD, revision, self.now)

    def reached(self, account, address=None):
        """Let somebody have an address, as the operator enters it."""
        address = f"{account}@contoh.go.id" if address is None else address
        reason = None if account == "operator" else "Diminta"
        self.services.reaching.set_address(self.actor("operator"), account, address, self.now, reason=reason)

    def choose(self, account, **ways):
        self.services.reaching.choose(self.actor(account), ways, self.now)
