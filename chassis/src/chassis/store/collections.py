"""The collections that every service's database has, and their indexes."""

from chassis.documents import Index

INBOX, OUTBOX, TIMERS, JOBS = "inbox", "outbox", "timers", "jobs"
PARKED, PARKED_KEYS = "parked", "parked_heads"
FENCES, LEASES = "fences", "leases"
RUNS, QUEUES = "runs", "run_queues"
SESSIONS = "sessions"
LOGINS = "logins"  # completed logins: none completes twice
REFUSED_FORMS = "refused_forms"  # pages that show what is wrong in a form, encrypted
AUDIT = "audit"

INBOX_SECONDS = 21 * 86_400
SENT_SECONDS = 14 * 86_400  # as long as the topics keep a record
RUN_SECONDS = 90 * 86_400  # after its end; the audit keeps what it did

COLLECTIONS = (
    INBOX, OUTBOX, TIMERS, JOBS, PARKED, PARKED_KEYS, FENCES, LEASES, AUDIT, SESSIONS, LOGINS, REFUSED_FORMS,
    RUNS, QUEUES,
)  # fmt: skip
SESSION_INDEXES = (
    Index(SESSIONS, (("state.ends", 1),), expire_after=0),
    Index(LOGINS, (("ends", 1),), expire_after=0),
    Index(REFUSED_FORMS, (("until", 1),), expire_after=0),
)
INDEXES = (
    Index(INBOX, (("at", 1),), expire_after=INBOX_SECONDS),
    # Time before slot: an index scan stops only at a live row, so a scan per slot would pass over what all others deleted.
    Index(OUTBOX, (("stamp", 1), ("slot", 1)), only_with="slot"),
    Index(OUTBOX, (("sent_at", 1),), expire_after=SENT_SECONDS, only_with="sent_at"),
    Index(OUTBOX, (("stamp", 1), ("slot", 1)), retired=True),
    Index(TIMERS, (("due", 1), ("slot", 1))),
    Index(JOBS, (("due", 1), ("slot", 1))),
    Index(OUTBOX, (("slot", 1), ("stamp", 1)), retired=True),
    Index(TIMERS, (("slot", 1), ("due", 1)), retired=True),
    Index(JOBS, (("slot", 1), ("due", 1)), retired=True),
    Index(PARKED, (("head", 1), ("_id", 1))),
    Index(PARKED_KEYS, (("ready", 1),)),
    Index(PARKED_KEYS, (("since", 1),)),
    Index(RUNS, (("created_at", 1),)),
    Index(RUNS, (("ended_at", 1),), expire_after=RUN_SECONDS),
    Index(AUDIT, (("at", 1),)),
    Index(AUDIT, (("scope", 1), ("at", 1))),
    *SESSION_INDEXES,
)
