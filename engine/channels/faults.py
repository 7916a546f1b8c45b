"""What goes wrong on any way out: with the way as a whole, or with one message."""


class Away(Exception):
    """Nothing can be sent that way now, and why; no message is to blame."""


class Refused(Exception):
    """One message is not taken, for good or for now, and why."""

    def __init__(self, cause: str, for_good: bool) -> None:
        super().__init__(cause)
        self.for_good = for_good
