"""Which event triggers which message: one message per fact, template, report and channel."""

from dataclasses import dataclass

from chassis.ids import derive
from contracts.base import Event
from contracts.intake import MailReceived, ReportRegistered
from contracts.routing import (
    CaseCorrected,
    CaseHandedOff,
    CaseHeld,
    CaseOpened,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
)
from contracts.subsidies import (
    DecisionAnnulled,
    DocumentsRequested,
    SubsidiesDecision,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from notify.domain.messages import EMAIL


@dataclass(frozen=True)
class Trigger:
    """The message that an event causes; its id is derived from the fact, the template, the report and the channel.

    The id does not depend on the record that carried the event: a fact that is published again, even after the inbox
    has expired, finds its message.
    """

    message_id: str
    report_id: str
    template: str


def report_received(event: ReportRegistered) -> Trigger:
    """A report is registered once."""
    return _trigger(event, event.report_id, "report-received", event.report_id)


def mail_received(event: MailReceived) -> Trigger:
    """Each mail is confirmed once, whatever becomes of it."""
    template = "mail-added" if event.outcome == "added" else "mail-waiting"
    return _trigger(event, event.report_id, template, event.mail_id)


def case_opened(event: CaseOpened) -> Trigger:
    """A case is opened once."""
    return _trigger(event, event.report_id, "case-opened", event.report_id)


def case_held(event: CaseHeld) -> Trigger:
    """A case is held once."""
    return _trigger(event, event.report_id, "case-held", event.report_id)


def case_reassigned(event: CaseReassigned) -> Trigger:
    """The first time that a case moves to this route."""
    return _trigger(event, event.report_id, "case-handed-off", f"{event.report_id}/{event.route}")


def case_handed_off(event: CaseHandedOff) -> Trigger:
    """The first time that a case moves to this desk."""
    return _trigger(event, event.report_id, "case-handed-off", f"{event.report_id}/{event.route}")


def case_corrected(event: CaseCorrected) -> Trigger:
    """The first time that the case of a corrected report moves to this route."""
    return _trigger(event, event.report_id, "case-handed-off", f"{event.report_id}/{event.route}")


def case_reopened(event: CaseReopened) -> Trigger:
    """The first time that a case is reopened."""
    return _trigger(event, event.report_id, "case-reopened", event.report_id)


def case_resolved(event: CaseResolved) -> Trigger:
    """The first time that a case is resolved."""
    return _trigger(event, event.report_id, "case-resolved", event.report_id)


def documents_requested(event: DocumentsRequested) -> Trigger:
    """Each list of documents that is requested for an application is a separate fact."""
    fact = f"{event.application_id}/{','.join(event.documents)}"
    return _trigger(event, event.report_id, "documents-requested", fact)


def subsidy_granted(event: SubsidyGranted) -> Trigger:
    """Each decision causes one message."""
    return _decision(event, "subsidy-granted")


def subsidy_refused(event: SubsidyRefused) -> Trigger:
    """Each decision causes one message."""
    return _decision(event, "subsidy-refused")


def subsidy_waitlisted(event: SubsidyWaitlisted) -> Trigger:
    """Each decision causes one message."""
    return _decision(event, "subsidy-waitlisted")


def decision_annulled(event: DecisionAnnulled) -> Trigger:
    """A decision is annulled once."""
    return _trigger(event, event.report_id, "decision-annulled", event.decision_id)


def _decision(event: SubsidiesDecision, template: str) -> Trigger:
    return _trigger(event, event.report_id, template, event.decision_id)


def _trigger(event: Event, report_id: str, template: str, fact: str) -> Trigger:
    message_id = derive(f"{event.type_tag}/{fact}", f"{template}/{report_id}/{EMAIL}")
    return Trigger(message_id, report_id, template)
