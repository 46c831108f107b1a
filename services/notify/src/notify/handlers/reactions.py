"""When these events and results arrive, notify does this."""

from collections.abc import Callable
from typing import Any

from chassis.documents import Ref
from chassis.handling import Reactions, ignore, on
from contracts.intake import ReportRegistered, ReportWithdrawn
from contracts.routing import CaseEscalated, CaseHeld, CaseOpened, CaseResolved
from contracts.subsidies import (
    ApplicationSubmitted,
    DocumentsRequested,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from notify.domain.message import Message, Thread
from notify.handlers import tellings
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.record_outcome import (
    RecordFailure,
    RecordSending,
    RecordSuppression,
    record_failure,
    record_sending,
    record_suppression,
)
from notify.handlers.tell_about_application import (
    tell_documents_requested,
    tell_subsidy_granted,
    tell_subsidy_refused,
    tell_subsidy_waitlisted,
)
from notify.handlers.tell_about_case import tell_case_held, tell_case_opened, tell_case_resolved
from notify.handlers.tell_about_report import tell_report_received
from notify.handlers.write_message import Telling

SUBSCRIBES = ("intake.reports", "routing.cases", "subsidies.applications")

Needs = Callable[[Any], tuple[Ref[Message], Ref[Thread]]]


def message_of(telling: Callable[[Any], Telling]) -> Needs:
    """The message that tells this fact, and the thread of its report."""
    return lambda event: (MESSAGES[telling(event).message_id], THREADS[event.report_id])


def recorded(command: RecordSending | RecordFailure | RecordSuppression) -> tuple[Ref[Message], Ref[Thread]]:
    """The message whose sending has ended, and the thread of its report."""
    return MESSAGES[command.message_id], THREADS[command.report_id]


REACTIONS = Reactions(
    on(ReportRegistered, message_of(tellings.report_received), tell_report_received),
    on(CaseOpened, message_of(tellings.case_opened), tell_case_opened),
    on(CaseHeld, message_of(tellings.case_held), tell_case_held),
    on(CaseResolved, message_of(tellings.case_resolved), tell_case_resolved),
    on(DocumentsRequested, message_of(tellings.documents_requested), tell_documents_requested),
    on(SubsidyGranted, message_of(tellings.subsidy_granted), tell_subsidy_granted),
    on(SubsidyRefused, message_of(tellings.subsidy_refused), tell_subsidy_refused),
    on(SubsidyWaitlisted, message_of(tellings.subsidy_waitlisted), tell_subsidy_waitlisted),
    ignore(ReportWithdrawn, CaseEscalated, ApplicationSubmitted),
    on(RecordSending, recorded, record_sending),
    on(RecordFailure, recorded, record_failure),
    on(RecordSuppression, recorded, record_suppression),
)
