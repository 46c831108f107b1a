"""An application for a contribution has moved: what to bring, what was decided, and what can be done about it."""

from chassis.handling import Change, Moment
from contracts.subsidies import DocumentsRequested, SubsidyGranted, SubsidyRefused, SubsidyWaitlisted
from notify.domain.message import Message, Thread
from notify.handlers.tellings import documents_requested, subsidy_granted, subsidy_refused, subsidy_waitlisted
from notify.handlers.write_message import write_message


def tell_documents_requested(
    event: DocumentsRequested, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell what to bring."""
    values = {"documents": ",".join(event.documents)}
    return write_message(documents_requested(event), values, message, thread, moment)


def tell_subsidy_granted(
    event: SubsidyGranted, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell how much, and whether the end of the money made it less."""
    values = {"amount_cents": str(event.amount_cents), "partial": "yes" if event.partial else ""}
    return write_message(subsidy_granted(event), values, message, thread, moment)


def tell_subsidy_refused(
    event: SubsidyRefused, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell that there is a decision and how to contest it; the grounds are read where only the tenant can."""
    return write_message(subsidy_refused(event), {}, message, thread, moment)


def tell_subsidy_waitlisted(
    event: SubsidyWaitlisted, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell that the money has ended and the application waits."""
    return write_message(subsidy_waitlisted(event), {}, message, thread, moment)
