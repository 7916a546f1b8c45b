"""Errors of sending: of the whole channel, or of one message."""


class Away(Exception):
    """Nothing can be sent over the channel now; the message is not the cause."""


class Refused(Exception):
    """The receiver refuses one message, permanently (*for_good*) or for now."""

    def __init__(self, cause: str, for_good: bool) -> None:
        super().__init__(cause)
        self.for_good = for_good
