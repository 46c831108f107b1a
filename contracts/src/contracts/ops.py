"""The events of every consumer: a key of a topic is stalled or resumed."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Code, Event, Id, Instant


class Stall(Event):
    """The base of the events of one stalled key of one consumer; the key of the record is the stall."""

    topic: ClassVar[str] = "ops.stalls"
    key_field: ClassVar[str] = "stall_id"

    stall_id: Id
    consumer: Code = Field(description="The consumer group that waits.")
    heard_topic: Code = Field(description="The topic whose record cannot be handled.")


class KeyStalled(Stall):
    """A record cannot be handled: it and the later ones of its key wait, all other keys go on."""

    type_tag: ClassVar[str] = "key-stalled.v1"

    subject_id: Id | None = Field(description="The subject that waits, when its key is an identifier.")
    reason: Code = Field(description="poison, failed or early.")
    since: Instant


class KeyResumed(Stall):
    """Nothing waits under this key any more."""

    type_tag: ClassVar[str] = "key-resumed.v1"
