"""The table of notify: for each event or result, the documents it needs and its handler."""

from collections.abc import Callable
from typing import Any

from chassis.documents import Ref
from chassis.handling import Reactions, ignore, on
from contracts.intake import (
    MailReceived,
    ReportAmended,
    ReportCorrected,
    ReportJoined,
    ReportMerged,
    ReportRated,
    ReportRegistered,
    ReportReopened,
    ReportSplit,
    ReportWithdrawn,
)
from contracts.routing import (
    CaseCorrected,
    CaseEscalated,
    CaseHandedOff,
    CaseHeld,
    CaseMerged,
    CaseOpened,
    CaseRaised,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
    CaseSplit,
)
from contracts.subsidies import (
    ApplicationSubmitted,
    DecisionAnnulled,
    DocumentsRequested,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from notify.domain.messages import Message, Thread
from notify.handlers import triggers
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.notify_about_application import (
    notify_decision_annulled,
    notify_documents_requested,
    notify_subsidy_granted,
    notify_subsidy_refused,
    notify_subsidy_waitlisted,
)
from notify.handlers.notify_about_case import (
    notify_case_corrected,
    notify_case_handed_off,
    notify_case_held,
    notify_case_opened,
    notify_case_reassigned,
    notify_case_reopened,
    notify_case_resolved,
)
from notify.handlers.notify_about_report import notify_mail_received, notify_report_received
from notify.handlers.record_outcome import (
    RecordFailure,
    RecordSending,
    RecordSuppression,
    record_failure,
    record_sending,
    record_suppression,
)
from notify.handlers.resend_message import ResendMessage, resend_message
from notify.handlers.triggers import Trigger
from notify.handlers.write_message import WriteAgain, write_again

SUBSCRIBES = ("intake.reports", "intake.mails", "routing.cases", "subsidies.applications")

Needs = Callable[[Any], tuple[Ref[Message], Ref[Thread]]]


def message_of(trigger: Callable[[Any], Trigger]) -> Needs:
    """The message that an event triggers, and the thread of its report."""
    return lambda event: (MESSAGES[trigger(event).message_id], THREADS[event.report_id])


def repeated(timer: WriteAgain) -> tuple[Ref[Message], Ref[Thread]]:
    """The message of a fact that happened before, and the thread of its report."""
    return MESSAGES[timer.message_id], THREADS[timer.report_id]


def recorded(command: RecordSending | RecordFailure | RecordSuppression) -> tuple[Ref[Message], Ref[Thread]]:
    """The message whose sending has ended, and the thread of its report."""
    return MESSAGES[command.message_id], THREADS[command.report_id]


def resent(command: ResendMessage) -> tuple[Ref[Message], Ref[Message], Ref[Thread]]:
    """The message that staff sends again, its copy, and the thread of its report."""
    return MESSAGES[command.message_id], MESSAGES[command.copy_id], THREADS[command.report_id]


REACTIONS = Reactions(
    on(ReportRegistered, message_of(triggers.report_received), notify_report_received),
    on(MailReceived, message_of(triggers.mail_received), notify_mail_received),
    on(CaseOpened, message_of(triggers.case_opened), notify_case_opened),
    on(CaseHeld, message_of(triggers.case_held), notify_case_held),
    on(CaseReassigned, message_of(triggers.case_reassigned), notify_case_reassigned),
    on(CaseHandedOff, message_of(triggers.case_handed_off), notify_case_handed_off),
    on(CaseCorrected, message_of(triggers.case_corrected), notify_case_corrected),
    on(CaseReopened, message_of(triggers.case_reopened), notify_case_reopened),
    on(CaseResolved, message_of(triggers.case_resolved), notify_case_resolved),
    on(DocumentsRequested, message_of(triggers.documents_requested), notify_documents_requested),
    on(SubsidyGranted, message_of(triggers.subsidy_granted), notify_subsidy_granted),
    on(SubsidyRefused, message_of(triggers.subsidy_refused), notify_subsidy_refused),
    on(SubsidyWaitlisted, message_of(triggers.subsidy_waitlisted), notify_subsidy_waitlisted),
    on(DecisionAnnulled, message_of(triggers.decision_annulled), notify_decision_annulled),
    ignore(
        ReportAmended, ReportCorrected, ReportReopened, ReportWithdrawn, CaseEscalated, ApplicationSubmitted
    ),
    # Whoever follows gets the mails of everybody, because routing ends and reopens each case with its main one.
    ignore(ReportJoined, ReportMerged, ReportRated, ReportSplit, CaseMerged, CaseSplit, CaseRaised),
    on(WriteAgain, repeated, write_again),
    on(ResendMessage, resent, resend_message),
    on(RecordSending, recorded, record_sending),
    on(RecordFailure, recorded, record_failure),
    on(RecordSuppression, recorded, record_suppression),
)
