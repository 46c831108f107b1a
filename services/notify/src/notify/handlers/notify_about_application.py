"""Notify about an application for a contribution: the documents to bring, the decision, and how to contest it."""

from chassis.handling import Change, Moment
from contracts.subsidies import (
    DecisionAnnulled,
    DocumentsRequested,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from notify.domain.messages import Message, Thread
from notify.handlers.triggers import (
    decision_annulled,
    documents_requested,
    subsidy_granted,
    subsidy_refused,
    subsidy_waitlisted,
)
from notify.handlers.write_message import write_message


def notify_documents_requested(
    event: DocumentsRequested, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify which documents to bring."""
    values = {"documents": ",".join(event.documents)}
    return write_message(documents_requested(event), values, message, thread, moment)


def notify_subsidy_granted(
    event: SubsidyGranted, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify the amount, and whether an exhausted budget reduced it."""
    values = {"amount_cents": str(event.amount_cents), "partial": "yes" if event.partial else ""}
    return write_message(subsidy_granted(event), values, message, thread, moment)


def notify_subsidy_refused(
    event: SubsidyRefused, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that there is a decision and how to contest it; the message contains no grounds, which are personal data."""
    return write_message(subsidy_refused(event), {}, message, thread, moment)


def notify_subsidy_waitlisted(
    event: SubsidyWaitlisted, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that the budget is exhausted and the application is on the waiting list."""
    return write_message(subsidy_waitlisted(event), {}, message, thread, moment)


def notify_decision_annulled(
    event: DecisionAnnulled, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that a decision no longer holds and that a new one follows; the new one has a message of its own."""
    return write_message(decision_annulled(event), {}, message, thread, moment)
