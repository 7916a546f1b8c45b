"""What goes over the wire: what request bodies and answers have in common, as pydantic models.

Bodies are strict and closed: a field that is not known is a fault, and a number is no text. Instants are RFC 3339 in
UTC, days ISO 8601, exact numbers in values text. A field that is not there and one that is null mean the same. The
models of a noun stand beside its operations.
"""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from engine.web.api.problems import instant

MOST_ROWS = 200
Item = TypeVar("Item")

Instant = Annotated[datetime, PlainSerializer(instant, return_type=str, when_used="json")]
Day = Annotated[date, Field(strict=False)]  # JSON has no days, only text
Squeezed = BeforeValidator(lambda text: " ".join(text.split()) if isinstance(text, str) else text)
Reason = Annotated[
    str, Squeezed, Field(min_length=3, max_length=500, description="Why; it stands in the history for good.")
]
Note = Annotated[str, Squeezed, Field(min_length=1, max_length=500, description="What this version is for.")]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Values = Annotated[
    dict[str, Any],
    Field(
        description=(
            "By the names of the form's fields: text, true or false, numbers (as JSON numbers or as text with a decimal"
            " point), days as 2025-04-15, times as 09:30, lists, rows as objects, files by the id of an attachment."
        )
    ),
]


class Asked(BaseModel):
    """A request body; models are built when they are first used, since every process pays for its start."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Given(BaseModel):
    """An answer: what a record holds under the same names, and so its parts."""

    model_config = ConfigDict(
        frozen=True, from_attributes=True, json_schema_serialization_defaults_required=True, defer_build=True
    )

    @classmethod
    def of(cls, record: Any = None, **more: Any) -> Self:
        """Return an answer with the fields of *record*, and *more* that it lacks or holds differently."""
        held = {name: getattr(record, name) for name in cls.model_fields if name not in more and hasattr(record, name)}
        return cls.model_validate({**held, **more})


class ReasonAsked(Asked):
    """An administrative deed."""

    reason: Reason


# ── pages of lists ──────────────────────────────────────────────────────────────────────────────────────────────────


class PageAsked(Asked):
    """Which part of a list is wanted."""

    after: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="The `end_cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50


class SearchAsked(Asked):
    """A search, and which part of what it finds is wanted."""

    page: PageAsked = PageAsked()


class PageGiven(Given):
    """Where a list goes on."""

    end_cursor: str | None = Field(description="Hand it in as `page.after` for what follows; null if nothing is here.")
    has_more: bool


class PageOf(Given, Generic[Item]):
    """A page of a list."""

    items: tuple[Item, ...]
    page: PageGiven


class LinesAsked(BaseModel):
    """Which part of a list by number is wanted, in the address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, Field(ge=0, le=2**53)] = Field(0, description="The number of the last line one has.")
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class LinesOf(Given, Generic[Item]):
    """A part of a list by number, in order."""

    items: tuple[Item, ...]
    last_seq: int | None
    has_more: bool
