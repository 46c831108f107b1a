"""The documents that notify stores: no address, no name, no text."""

from chassis.documents import Collection, Raw
from notify.domain.messages import Message, Thread


def _without_values(state: Raw) -> Raw:
    """Form 2 keeps what the template needs, so that staff can send the message again; a message of form 1 has it no more."""
    return state | {"values": None, "resent_as": None, "copy_of": None, "copy_reason": None, "copy_by": None}


def _untold(state: Raw) -> Raw:
    """Form 2 keeps what was told about the case; of a thread of form 1 it is unknown."""
    return state | {"route": None, "closed": None}


MESSAGES = Collection("messages", Message, lambda message: message.message_id, upcasters=(_without_values,))
THREADS = Collection(
    "threads",
    Thread,
    lambda thread: thread.report_id,
    publishes=("notify.messages",),
    upcasters=(_untold,),
)
