"""The index of what became of mails."""

from chassis.documents import Index
from intake.handlers.documents import MAILS

# No mail server delivers a mail again after so long.
_KEPT_SECONDS = 90 * 24 * 3600
INDEXES = (Index(MAILS.name, (("state.received_at", 1),), expire_after=_KEPT_SECONDS),)
