"""What counts publishes: how many cases a neighbourhood has had."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Code, Event


class CasesCounted(Event):
    """A neighbourhood has had this many cases; published with every case."""

    type_tag: ClassVar[str] = "cases-counted.v1"
    topic: ClassVar[str] = "counts.neighbourhoods"
    key_field: ClassVar[str] = "neighbourhood"

    neighbourhood: Code
    opened: int = Field(ge=1, description="Cases opened so far.")
