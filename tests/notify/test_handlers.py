"""The handlers of notify: one message per fact, for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.base import Event
from contracts.intake import MailReceived, ReportRegistered
from contracts.notify import MessageFailed, MessageSent, MessageSuppressed
from contracts.routing import (
    CaseHandedOff,
    CaseHeld,
    CaseOpened,
    CaseReopened,
    CaseResolved,
)
from contracts.subsidies import (
    DecisionAnnulled,
    DocumentsRequested,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from contracts.topics import BY_NAME
from notify.domain.messages import Message, Status, Thread
from notify.handlers.reactions import REACTIONS, SUBSCRIBES
from notify.handlers.record_outcome import (
    RecordFailure,
    RecordSending,
    RecordSuppression,
    record_failure,
    record_sending,
    record_suppression,
)
from notify.handlers.write_message import SendMessage

REPORT = "0190a000-0000-7000-8000-000000000001"
APPLICATION = "0190a000-0000-7000-8000-000000000002"
MAIL = "0190a000-0000-5000-8000-000000000004"
DECISION = "0190a000-0000-7000-8000-000000000003"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOON = NOW + timedelta(days=10)
MOMENT = Moment(NOW, "event-1")

DECIDED: dict[str, Any] = {
    "application_id": APPLICATION,
    "report_id": REPORT,
    "measure": "crs-2026",
    "decision_id": DECISION,
    "pack": "crs-2019",
    "pack_hash": "0123456789abcdef",
}
REGISTERED = ReportRegistered(
    report_id=REPORT,
    category="muffa",
    kind="technical",
    urgency="u",
    place_id="bg-monterosso",
    neighbourhood="monterosso",
    province="bergamo",
    channel="web",
    language="it",
    heard_at=NOW,
)
OPENED = CaseOpened(
    report_id=REPORT,
    route="technical-office",
    operator=None,
    rule="technical",
    rules_version="1",
    urgency="u",
    neighbourhood="monterosso",
    contact_due_at=SOON,
    due_at=SOON,
)
HELD = CaseHeld(
    report_id=REPORT,
    rule="social",
    rules_version="1",
    reason="nobody-eligible",
    urgency="s",
    neighbourhood="x",
    due_at=SOON,
)
REQUESTED = DocumentsRequested(
    application_id=APPLICATION,
    report_id=REPORT,
    measure="crs-2026",
    documents=("isee-attestation", "tenancy-contract"),
)
MESSAGES_OF: list[tuple[Event, str, dict[str, str]]] = [
    (
        MailReceived(
            mail_id=MAIL, report_id=REPORT, outcome="added", photos=2, left_out=("document", "archive")
        ),
        "mail-added",
        {"photos": "2", "left_out": "document,archive"},
    ),
    (
        MailReceived(mail_id=MAIL, report_id=REPORT, outcome="waiting", photos=0, left_out=()),
        "mail-waiting",
        {"photos": "0", "left_out": ""},
    ),
    (REGISTERED, "report-received", {"heard_at": "2026-11-23T09:00:00.000Z"}),
    (
        OPENED,
        "case-opened",
        {
            "route": "technical-office",
            "contact_due_at": "2026-12-03T09:00:00.000Z",
            "due_at": "2026-12-03T09:00:00.000Z",
        },
    ),
    (HELD, "case-held", {"due_at": "2026-12-03T09:00:00.000Z"}),
    (CaseResolved(report_id=REPORT, outcome="solved"), "case-resolved", {"outcome": "solved"}),
    (
        CaseHandedOff(report_id=REPORT, route="social-services", reason="competence"),
        "case-handed-off",
        {"route": "social-services", "due_at": ""},
    ),
    (
        CaseReopened(report_id=REPORT, route=None, operator=None, due_at=SOON),
        "case-reopened",
        {"route": "", "due_at": "2026-12-03T09:00:00.000Z"},
    ),
    (
        DecisionAnnulled(
            application_id=APPLICATION,
            report_id=REPORT,
            measure="crs-2026",
            decision_id=DECISION,
            replaced_by="0190a000-0000-7000-8000-000000000004",
            reason="wrong-data",
            budget="crs-bergamo",
            released_cents=185_000,
        ),
        "decision-annulled",
        {},
    ),
    (REQUESTED, "documents-requested", {"documents": "isee-attestation,tenancy-contract"}),
    (
        SubsidyGranted(**DECIDED, budget="crs-bergamo", amount_cents=185_000, partial=False),
        "subsidy-granted",
        {"amount_cents": "185000", "partial": ""},
    ),
    (SubsidyRefused(**DECIDED), "subsidy-refused", {}),
    (SubsidyWaitlisted(**DECIDED, budget="crs-bergamo"), "subsidy-waitlisted", {}),
]


def handle(
    event: Event, message: Message | None = None, thread: Thread | None = None, moment: Moment = MOMENT
) -> Change:
    reaction = REACTIONS.get(type(event))
    assert reaction is not None
    return reaction.then(event, message, thread, moment)


def written(change: Change) -> tuple[Message, Thread]:
    message, thread = (put.state for put in change.write)
    return message, thread


def test_every_event_of_the_subscribed_topics_has_a_reaction() -> None:
    types = REACTIONS.types()

    assert [event for topic in SUBSCRIBES for event in BY_NAME[topic].events if event not in types] == []


@pytest.mark.parametrize(("event", "template", "values"), MESSAGES_OF)
def test_each_event_writes_a_message_with_its_template_and_values(
    event: Event, template: str, values: dict[str, str]
) -> None:
    change = handle(event)

    message, thread = written(change)
    [job] = change.jobs
    assert (message.template, message.status, message.report_id) == (template, Status.PENDING, REPORT)
    assert thread == replace(Thread(REPORT, pending=1), route=thread.route, closed=thread.closed)
    assert job.body == SendMessage(message.message_id, REPORT, template, tuple(values.items()))
    assert job.key == REPORT


@pytest.mark.parametrize(("event", "template", "values"), MESSAGES_OF)
def test_the_written_documents_are_those_that_the_reaction_declares(
    event: Event, template: str, values: dict[str, str]
) -> None:
    reaction = REACTIONS.get(type(event))
    assert reaction is not None

    asked = [(ref.collection.name, ref.id) for ref in reaction.needs(event)]

    assert asked == [(put.collection.name, put.id) for put in handle(event).write]


@pytest.mark.parametrize(("event", "template", "values"), MESSAGES_OF)
def test_a_fact_in_another_record_writes_no_second_message(
    event: Event, template: str, values: dict[str, str]
) -> None:
    message, thread = written(handle(event))

    assert handle(event, message, thread, Moment(NOW + timedelta(days=90), "event-2")) is NOTHING


def test_two_facts_have_two_messages() -> None:
    ids = {written(handle(event))[0].message_id for event, _, _ in MESSAGES_OF}
    other_list = REQUESTED.model_copy(update={"documents": ("isee-attestation",)})

    assert len(ids) == len(MESSAGES_OF)
    assert written(handle(other_list))[0].message_id not in ids


def test_a_due_date_that_has_passed_is_left_out() -> None:
    change = handle(OPENED, moment=Moment(SOON, "event-1"))

    assert dict(change.jobs[0].body.values) == {
        "route": "technical-office",
        "contact_due_at": "",
        "due_at": "",
    }


ENDS: list[tuple[Callable[..., Change], Any, Any]] = [
    (record_sending, RecordSending("m", REPORT, "it", "ar"), MessageSent),
    (record_failure, RecordFailure("m", REPORT, "smtp-550"), MessageFailed),
    (record_suppression, RecordSuppression("m", REPORT, "no-contact"), MessageSuppressed),
]
WAITING = Message("0190a000-0000-7000-8000-00000000000a", REPORT, "case-opened", "email", Status.PENDING, NOW)


@pytest.mark.parametrize(("record", "command", "said"), ENDS)
def test_the_outcome_of_a_sending_is_recorded_and_published(
    record: Callable[..., Change], command: Any, said: type[Event]
) -> None:
    change = record(command, WAITING, Thread(REPORT, pending=1), MOMENT)

    message, thread = written(change)
    [event] = change.events
    assert isinstance(event, said)
    assert event.subject == REPORT
    assert message.settled_at == NOW
    assert getattr(thread, message.status.value) == 1
    assert thread.pending == 0


@pytest.mark.parametrize(("first", "command", "said"), ENDS)
@pytest.mark.parametrize(("second", "later", "never_said"), ENDS)
def test_a_final_status_does_not_change(
    first: Callable[..., Change],
    command: Any,
    said: type[Event],
    second: Callable[..., Change],
    later: Any,
    never_said: type[Event],
) -> None:
    message, thread = written(first(command, WAITING, Thread(REPORT, pending=1), MOMENT))

    assert second(later, message, thread, MOMENT) is NOTHING


def test_the_language_of_a_contact_without_template_is_recorded() -> None:
    message, _ = written(
        record_sending(RecordSending("m", REPORT, "it", "ar"), WAITING, Thread(REPORT, pending=1), MOMENT)
    )

    assert (message.language, message.fallback_from) == ("it", "ar")


def test_a_result_for_a_missing_message_is_refused() -> None:
    with pytest.raises(Refused, match="unknown-message"):
        record_sending(RecordSending("m", REPORT, "it"), None, None, MOMENT)
