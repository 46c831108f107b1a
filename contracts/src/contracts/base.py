"""The base of all events: an immutable fact with a type tag, a topic and a subject."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts import instants

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    Field(description="An opaque identifier (UUID, lower case)."),
]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$"),
    Field(description="A code from an open list: expect values you do not know."),
]
Cents = Annotated[int, Field(ge=0, le=10**12, description="Euro cents.")]
Instant = Annotated[instants.Instant, Field(description="RFC 3339 with its offset; services write UTC.")]


class Event(BaseModel):
    """A fact; it has no envelope, no free text, and nothing that identifies a person."""

    # A service reads and writes few of all events: each builds its validator when it is first used.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601", defer_build=True)

    type_tag: ClassVar[str]
    topic: ClassVar[str]
    key_field: ClassVar[str]

    @property
    def subject(self) -> str:
        """The subject of the fact and its Kafka key; the facts of one subject stay in order."""
        subject: str = getattr(self, self.key_field)
        return subject

    @classmethod
    def read(cls, body: bytes) -> Self:
        """The event of a body; ignores unknown fields, raises ValueError for missing fields and wrong types."""
        return cls.model_validate_json(body, strict=True, extra="ignore")

    def body(self) -> bytes:
        """The value of the Kafka record."""
        return self.__pydantic_serializer__.to_json(self)
