"""Which use case runs each job."""

from collections.abc import Mapping
from typing import Any

from chassis.service import Worker
from notify.app.send import Sender
from notify.handlers.write_message import SendMessage


def workers(sender: Sender) -> Mapping[type[Any], Worker]:
    """The workers of notify, by the type of their jobs."""
    return {SendMessage: sender.send}
