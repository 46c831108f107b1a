"""Which fact is told by which template, under which id: one message per fact, template, report and channel, for ever."""

from chassis.ids import derive
from contracts.base import Event
from contracts.intake import ReportRegistered
from contracts.routing import CaseHeld, CaseOpened, CaseResolved
from contracts.subsidies import (
    DocumentsRequested,
    SubsidiesDecision,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from notify.domain.message import EMAIL
from notify.handlers.write_message import Telling

# The ids are made of what the fact is about and not of the record it came in: a fact that is published again,
# even after the inbox has forgotten it, finds its message.


def report_received(event: ReportRegistered) -> Telling:
    """A report is registered once."""
    return _telling(event, event.report_id, "report-received", event.report_id)


def case_opened(event: CaseOpened) -> Telling:
    """A case is opened once."""
    return _telling(event, event.report_id, "case-opened", event.report_id)


def case_held(event: CaseHeld) -> Telling:
    """A case is held once."""
    return _telling(event, event.report_id, "case-held", event.report_id)


def case_resolved(event: CaseResolved) -> Telling:
    """A case is resolved once."""
    return _telling(event, event.report_id, "case-resolved", event.report_id)


def documents_requested(event: DocumentsRequested) -> Telling:
    """An application can be asked for other documents later: each list is a fact of its own."""
    fact = f"{event.application_id}/{','.join(event.documents)}"
    return _telling(event, event.report_id, "documents-requested", fact)


def subsidy_granted(event: SubsidyGranted) -> Telling:
    """Each decision is told."""
    return _decision(event, "subsidy-granted")


def subsidy_refused(event: SubsidyRefused) -> Telling:
    """Each decision is told."""
    return _decision(event, "subsidy-refused")


def subsidy_waitlisted(event: SubsidyWaitlisted) -> Telling:
    """Each decision is told."""
    return _decision(event, "subsidy-waitlisted")


def _decision(event: SubsidiesDecision, template: str) -> Telling:
    return _telling(event, event.report_id, template, event.decision_id)


def _telling(event: Event, report_id: str, template: str, fact: str) -> Telling:
    message_id = derive(f"{event.type_tag}/{fact}", f"{template}/{report_id}/{EMAIL}")
    return Telling(message_id, report_id, template)
