"""What services read and write, as functions over an open transaction; frozen values go in and come out."""

from typing import Protocol

from sqlalchemy import Connection


class Transaction(Protocol):
    """Anything that holds an open connection: a Reader or a Work."""

    @property
    def connection(self) -> Connection:
        """The open SQLAlchemy connection."""
        ...
