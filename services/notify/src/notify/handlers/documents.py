"""The documents that notify stores: no address, no name, no text."""

from chassis.documents import Collection
from notify.domain.messages import Message, Thread

MESSAGES = Collection("messages", Message, lambda message: message.message_id)
THREADS = Collection("threads", Thread, lambda thread: thread.report_id, publishes=("notify.messages",))
