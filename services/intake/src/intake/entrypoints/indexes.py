"""The indexes of what is searched, and of what expires."""

from intake.app import photo_data
from intake.app.attempts import GUESSES
from intake.app.browser_drafts import DRAFTS
from intake.app.mail_rates import MAIL_COUNTS
from intake.queries import inbox, lookups, mails, public_reports, readings, reports, sessions, waiting

INDEXES = (
    GUESSES,
    DRAFTS,
    MAIL_COUNTS,
    *mails.INDEXES,
    *reports.INDEXES,
    *public_reports.INDEXES,
    *readings.INDEXES,
    *lookups.INDEXES,
    *sessions.INDEXES,
    *inbox.INDEXES,
    *waiting.INDEXES,
    *photo_data.INDEXES,
)
