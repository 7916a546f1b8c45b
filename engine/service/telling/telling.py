"""The worker's jobs for notices: each part that has something to do is one job."""

from dataclasses import dataclass
from datetime import datetime

from engine.service.telling.mail import Mail
from engine.service.telling.reminders import Reminders
from engine.service.telling.spreading import Spreading
from engine.service.telling.webhook import Webhook
from engine.store.queries import dispatches, telling


@dataclass(frozen=True)
class Telling:
    """The parts that send notices."""

    spreading: Spreading
    reminders: Reminders
    mail: Mail
    webhook: Webhook

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return which parts have something to do."""
        return self.spreading.database.ask(telling.due, now)

    def do(self, part: str, now: datetime) -> bool:
        """Let a part do what is due; return whether anything was."""
        parts = {
            telling.SPREAD: self.spreading.spread,
            telling.REMIND: self.reminders.remind,
            dispatches.MAIL: self.mail.send,
            dispatches.WEBHOOK: self.webhook.send,
        }
        return parts[part](now)
