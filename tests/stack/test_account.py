"""The account has no violation for a correct scenario, and finds every planted one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stack.account import Account, build_account, unfinished
from stack.account_world import (
    APPLICATIONS,
    BUDGETS,
    CASES,
    DECISIONS,
    LEDGER,
    MESSAGES,
    PHOTOS,
    REPORTS,
    SESSIONS,
    WAITING,
    EventRecord,
    Leftover,
    LoggedRequest,
    Observations,
    ReceivedMail,
)

CONTRIBUTIONS = range(40)
WITHDRAWN, RESOLVED, HELD, UNREACHABLE = "report-0041", "report-0042", "report-0043", "report-0044"
PLAIN, GRANTED, REFUSED, FLAWED = "report-0100", "report-0000", "report-0001", "flawed-0001"
MAIN, JOINER = RESOLVED, "report-0110"
OFFLINE, OUTDATED, HEARD = "report-0120", "report-0121", datetime.fromtimestamp(999.9 - 3600, UTC)
TALK, TOLD, PICTURE = "talk-0001", ["report-0101", "report-0102"], "ab12" * 16
GRANT = 150_000


@dataclass
class Book:
    """A correct scenario as plain data, into which violations are planted."""

    requests: list[LoggedRequest] = field(default_factory=list)
    documents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    facts: list[EventRecord] = field(default_factory=list)
    mails: list[ReceivedMail] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    traces: list[tuple[str, str]] = field(default_factory=list)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def world(self) -> Observations:
        return Observations(
            self.requests, self.documents, self.facts, self.mails, self.leftovers, self.traces
        )

    def account(self) -> Account:
        return build_account(self.world())

    def keep(self, collection: str, name: str, **state: Any) -> None:
        self.documents.setdefault(collection, []).append({"_id": name, "version": 1, "state": state})

    def state(self, collection: str, name: str) -> dict[str, Any]:
        found = next(one for one in self.documents[collection] if one["_id"] == name)
        state: dict[str, Any] = found["state"]
        return state

    def publish(self, topic: str, type_: str, subject: str, report: str, **body: Any) -> None:
        number = self.sequences[topic, subject] = self.sequences.get((topic, subject), 0) + 1
        self.facts.append(
            EventRecord(
                topic=topic,
                partition=0,
                offset=len(self.facts),
                key=subject,
                id=f"{subject}/{topic}/{number}",
                type=type_,
                source=f"/ascolto/{topic.partition('.')[0]}",
                subject=subject,
                sequence=number,
                time=1000.0,
                body={"report_id": report} | body,
                raw=f"{subject} {body}".encode(),
            )
        )

    def find(self, report: str, type_: str) -> EventRecord:
        return next(one for one in self.facts if one.report_id == report and one.type == type_)

    def notify(self, report: str, template: str) -> None:
        name, sent = f"{report}/{template}", report != UNREACHABLE
        status, reason = ("sent", None) if sent else ("suppressed", "no-contact")
        common: dict[str, Any] = {"message_id": name, "template": template}
        self.keep(MESSAGES, name, report_id=report, status=status, reason=reason, **common)
        self.publish("notify.messages", f"message-{status}.v1", report, report, **common)
        if sent:
            self.mails.append(ReceivedMail(name, report, template, 1002.0))


def a_correct_scenario() -> Book:
    book = Book()
    for number in range(300):
        a_report(book, number)
    for number in CONTRIBUTIONS:
        an_application(book, number)
    a_result(book, WITHDRAWN, "withdrawal", "withdrawn")
    a_result(book, RESOLVED, "resolution", "closed")
    a_talk(book)
    a_joining(book)
    two_of_a_phone(book)
    first = book.requests[0]
    book.requests.append(replace(first, step="again", expect="same", status=200))
    book.requests.append(LoggedRequest("reused", PLAIN, "id-reused", 422, "id-reused"))
    book.requests.append(
        LoggedRequest("flawed", FLAWED, "unknown-place", 422, "unknown-place", about={"defect": "no place"})
    )
    spent = GRANT * len(CONTRIBUTIONS) // 2
    parts = {"available_cents": 50_000, "reserved_cents": spent, "committed_cents": 0, "paid_cents": 0}
    book.keep(BUDGETS, "b", code="b", allocated_cents=spent + 50_000, **parts)
    return book


def a_report(book: Book, number: int) -> None:
    report = f"report-{number:04d}"
    route = None if report == HELD else "technical-office"
    about = {
        "kind": "contribution" if number in CONTRIBUTIONS else "technical",
        "name": f"Ada Provini {number:04d}",
        "email": "" if report == UNREACHABLE else f"inquilino-{number:04d}@example.org",
        "description": f"Testo inventato numero {number:05d}, però.",
    }
    receipt = {"tracking_code": f"CODE-{number}", "pin": "123456"}
    book.requests.append(LoggedRequest("report", report, "accepted", 201, "", 999.9, 1000.0, receipt, about))
    book.keep(REPORTS, report, report_id=report, status="in-charge" if route else "held")
    status = "open" if route else "held"
    book.keep(CASES, report, report_id=report, status=status, route=route, operator=None)
    book.publish("intake.reports", "report-registered.v1", report, report)
    kind = "opened" if route else "held"
    book.publish("routing.cases", f"case-{kind}.v1", report, report, **({"route": route} if route else {}))
    book.notify(report, "report-received")
    book.notify(report, f"case-{kind}")


def an_application(book: Book, number: int) -> None:
    report, application = f"report-{number:04d}", f"application-{number:04d}"
    granted = number % 2 == 0
    outcome, cents = ("granted", GRANT) if granted else ("refused", 0)
    answer = {"outcome": outcome, "amount_cents": cents}
    expect = "eligible" if granted else "refused"
    book.requests.append(LoggedRequest("data", report, expect, 200, answer=answer))
    book.keep(APPLICATIONS, application, application_id=application, report_id=report, status="decided")
    decision = {"application_id": application, "budget": "b", "outcome": outcome, "amount_cents": cents}
    book.keep(DECISIONS, f"decision-{number:04d}", **decision)
    for type_ in ("documents-requested.v1", "application-submitted.v1"):
        book.publish("subsidies.applications", type_, application, report)
    money = {"amount_cents": cents} if granted else {}
    book.publish("subsidies.applications", f"subsidy-{outcome}.v1", application, report, **money)
    if granted:
        book.keep(LEDGER, f"decision-{number:04d}", application_id=application, budget="b", cents=cents)
    book.notify(report, "documents-requested")
    book.notify(report, f"subsidy-{outcome}")


def a_result(book: Book, report: str, step: str, shown: str) -> None:
    book.requests.append(LoggedRequest(step, report, shown, 200))
    book.state(REPORTS, report)["status"] = shown
    book.state(CASES, report)["status"] = "resolved"
    if step == "withdrawal":
        book.publish("intake.reports", "report-withdrawn.v1", report, report)
    book.publish("routing.cases", "case-resolved.v1", report, report)
    book.notify(report, "case-resolved")


def a_talk(book: Book) -> None:
    book.requests.append(LoggedRequest("talk", TALK, "ended", 200, about={"reports": TOLD}))
    book.keep(SESSIONS, TALK, status="ended", reports=[{"report_id": name} for name in TOLD])
    book.publish("intake.sessions", "session-held.v1", TALK, "", session_id=TALK, report_ids=TOLD)
    for report in TOLD:
        book.requests.append(LoggedRequest("repeat", report, "known", 200))
    for status in (201, 200):
        book.requests.append(LoggedRequest("photo", PLAIN, PICTURE, status, answer={"sha256": PICTURE}))
    book.keep(PHOTOS, PLAIN, report_id=PLAIN, photos=[{"sha256": PICTURE}])


def a_joining(book: Book) -> None:
    """A report that joins one whose case was resolved: its own is resolved too."""
    sent = next(one for one in book.requests if one.report_id == JOINER and one.step == "report")
    book.requests[book.requests.index(sent)] = replace(sent, about={**sent.about, "joins": MAIN})
    for collection, status in ((REPORTS, "closed"), (CASES, "resolved")):
        book.state(collection, JOINER).update(status=status, merged_into=MAIN)
    book.publish("intake.reports", "report-joined.v1", JOINER, JOINER, main_id=MAIN)
    for type_ in ("case-merged.v1", "case-resolved.v1"):
        book.publish("routing.cases", type_, JOINER, JOINER)
    book.notify(JOINER, "case-resolved")


def two_of_a_phone(book: Book) -> None:
    """Two reports that were heard an hour before a phone could send them; the desk completed one of them."""
    for report in (OFFLINE, OUTDATED):
        sent = next(one for one in book.requests if one.report_id == report and one.step == "report")
        late = replace(sent, about={**sent.about, "late": 3600})
        book.requests[book.requests.index(sent)] = late
        book.state(REPORTS, report)["heard_at"] = HEARD
    kept = replace(late, step="kept", expect="place-closed", status=202, answer={"reasons": ["place-closed"]})
    book.requests.append(kept)
    book.keep(WAITING, OUTDATED, id=OUTDATED, state="settled")


@pytest.fixture
def book() -> Book:
    return a_correct_scenario()


def assert_named(book: Book, report: str, text: str) -> None:
    account = book.account()
    named = [one.text for one in account.violations if one.report_id == report]
    assert any(text in one for one in named), account.violations
    assert {one.report_id for one in account.violations} == {report}
    assert account.unaccounted == (1 if report else 0)


def test_a_correct_scenario_adds_up(book: Book) -> None:
    account = book.account()

    assert account.violations == []
    assert account.last_line == (
        "demo: 300 accepted, 2 refused, 300 cases, 40 decisions, 681 messages, 2 from offline phones, 0 unaccounted"
    )
    assert unfinished(book.world()) == 0


def test_the_account_counts_the_scenario(book: Book) -> None:
    account = book.account()

    assert account.refused == {"unknown-place": 1, "id-reused": 1}
    assert account.cases == {("technical-office", ""): 299, ("held", ""): 1}
    assert account.decisions == {"granted": 20, "refused": 20}
    assert account.messages["case-opened", "suppressed"] == 1
    assert [stage.name for stage in account.stages] == [
        "accepted → first mail in the mailbox",
        "answer to a report",
    ]


def test_the_last_line_counts_the_reports_that_are_unaccounted(book: Book) -> None:
    book.facts.remove(book.find(PLAIN, "case-opened.v1"))
    book.mails.append(book.mails[0])

    assert re.fullmatch(
        r"demo: \d+ accepted, \d+ refused, \d+ cases, \d+ decisions, \d+ messages, \d+ from offline phones, 2 unaccounted",
        book.account().last_line,
    )


@pytest.mark.parametrize(
    ("report", "type_"),
    [
        (PLAIN, "report-registered.v1"),
        (PLAIN, "case-opened.v1"),
        (HELD, "case-held.v1"),
        (WITHDRAWN, "report-withdrawn.v1"),
        (RESOLVED, "case-resolved.v1"),
        (JOINER, "report-joined.v1"),
        (JOINER, "case-merged.v1"),
        (JOINER, "case-resolved.v1"),
        (GRANTED, "documents-requested.v1"),
        (GRANTED, "application-submitted.v1"),
        (GRANTED, "subsidy-granted.v1"),
        (REFUSED, "subsidy-refused.v1"),
    ],
)
def test_a_lost_event_is_named(book: Book, report: str, type_: str) -> None:
    book.facts.remove(book.find(report, type_))

    assert_named(book, report, "lost event: no")


@pytest.mark.parametrize("digests", [[], [PICTURE, PICTURE], ["cd34" * 16]])
def test_a_lost_doubled_or_strange_photo_is_named(book: Book, digests: list[str]) -> None:
    book.state(PHOTOS, PLAIN)["photos"] = [{"sha256": digest} for digest in digests]

    assert_named(book, PLAIN, f"1 photos were added and {len(digests)} are stored")


def test_a_photo_that_was_not_taken_is_named(book: Book) -> None:
    photo = next(one for one in book.requests if one.step == "photo")
    book.requests[book.requests.index(photo)] = replace(photo, status=429, slug="too-many", answer={})

    assert_named(book, PLAIN, "its photo ab12ab12 was answered 429 too-many")


@pytest.mark.parametrize("collection", [REPORTS, CASES])
def test_a_report_that_is_not_merged_into_the_one_that_it_joins_is_named(book: Book, collection: str) -> None:
    book.state(collection, JOINER)["merged_into"] = None

    assert_named(book, JOINER, f"{collection} has it merged into None instead of {MAIN}")


def test_a_report_that_was_merged_though_nobody_joined_it_is_named(book: Book) -> None:
    book.state(CASES, PLAIN)["merged_into"] = MAIN

    assert_named(book, PLAIN, f"routing.cases has it merged into {MAIN} instead of None")


def test_a_follower_whose_case_stays_open_is_named(book: Book) -> None:
    book.state(CASES, JOINER)["status"] = "open"

    assert_named(book, JOINER, "its case is open and the client ended it")


def test_a_talk_that_is_stored_otherwise_than_it_was_held_is_named(book: Book) -> None:
    book.state(SESSIONS, TALK)["reports"].pop()

    assert_named(book, TALK, "is stored as ('ended', ['report-0101'])")


def test_a_talk_that_its_topic_tells_not_at_all_or_twice_is_named(book: Book) -> None:
    held = next(one for one in book.facts if one.type == "session-held.v1")
    book.facts.append(replace(held, id="another", offset=99_999))
    assert_named(book, TALK, "the topic says [['report-0101', 'report-0102'], ['report-0101'")

    book.facts[:] = [one for one in book.facts if one.type != "session-held.v1"]
    assert_named(book, TALK, "the topic says [] about a talk")


@pytest.mark.parametrize("minutes", [-2, 2])
def test_a_report_that_was_heard_at_another_time_than_the_phone_says_is_named(
    book: Book, minutes: int
) -> None:
    book.state(REPORTS, OFFLINE)["heard_at"] = HEARD + timedelta(minutes=minutes)

    assert_named(book, OFFLINE, "it was heard 3600 s before it was sent")


def test_a_waiting_item_that_is_left_or_that_waits_for_another_reason_is_named(book: Book) -> None:
    book.state(WAITING, OUTDATED)["state"] = "waiting"
    assert_named(book, OUTDATED, "is stored there as ['waiting']")

    book.state(WAITING, OUTDATED)["state"] = "settled"
    kept = next(one for one in book.requests if one.step == "kept")
    book.requests[book.requests.index(kept)] = replace(kept, answer={"reasons": ["captured-at"]})
    assert_named(book, OUTDATED, "as place-closed and was answered (202, ['captured-at'])")


def test_a_lost_message_event_is_named(book: Book) -> None:
    book.facts.remove(book.find(UNREACHABLE, "message-suppressed.v1"))

    assert_named(book, UNREACHABLE, "is suppressed and the topic says nothing")


def test_a_copy_of_an_event_is_counted_and_is_no_violation(book: Book) -> None:
    book.facts.append(replace(book.find(PLAIN, "case-opened.v1"), offset=99_999))

    account = book.account()

    assert account.violations == []
    assert account.copies == 1


def test_an_event_published_again_under_another_id_is_named(book: Book) -> None:
    fact = book.find(PLAIN, "case-opened.v1")
    book.facts.append(replace(fact, offset=99_999, id="another", sequence=2))

    assert_named(book, PLAIN, "doubled event: case-opened.v1 or case-held.v1 said 2 times")


def test_a_doubled_mail_is_named(book: Book) -> None:
    book.mails.append(next(mail for mail in book.mails if mail.message_id == f"{PLAIN}/case-opened"))

    assert_named(book, PLAIN, "doubled mail: message case-opened lies in the mailbox 2 times")


def test_a_mail_that_never_came_is_named(book: Book) -> None:
    book.mails.remove(next(mail for mail in book.mails if mail.message_id == f"{PLAIN}/case-opened"))

    assert_named(book, PLAIN, "message case-opened is sent and lies in the mailbox 0 times")


def test_a_mail_of_a_suppressed_message_is_named(book: Book) -> None:
    book.mails.append(ReceivedMail(f"{UNREACHABLE}/case-opened", UNREACHABLE, "case-opened"))

    assert_named(book, UNREACHABLE, "is suppressed and lies in the mailbox 1 times")


def test_a_mail_of_an_unknown_message_is_named(book: Book) -> None:
    book.mails.append(ReceivedMail("nobody-wrote-it", PLAIN, "case-opened"))

    assert_named(book, PLAIN, "nobody-wrote-it, which notify does not know")


@pytest.mark.parametrize(
    ("collection", "name", "report"),
    [
        (REPORTS, PLAIN, PLAIN),
        (CASES, PLAIN, PLAIN),
        (APPLICATIONS, "application-0001", REFUSED),
        (DECISIONS, "decision-0001", REFUSED),
        (MESSAGES, f"{PLAIN}/case-opened", PLAIN),
    ],
)
def test_what_a_service_has_lost_is_named(book: Book, collection: str, name: str, report: str) -> None:
    rows = book.documents[collection]
    rows.remove(next(one for one in rows if one["_id"] == name))

    named = [one for one in book.account().violations if one.report_id == report]

    assert any(" instead of 1" in one.text for one in named)


def test_a_doubled_case_is_named(book: Book) -> None:
    book.keep(CASES, "second", **book.state(CASES, PLAIN))

    assert_named(book, PLAIN, "2 documents in routing.cases instead of 1")


def test_a_message_written_twice_is_named(book: Book) -> None:
    book.keep(MESSAGES, "second", **book.state(MESSAGES, f"{PLAIN}/case-opened") | {"message_id": "second"})

    assert_named(book, PLAIN, "2 messages case-opened instead of 1")


def test_an_unexpected_application_is_named(book: Book) -> None:
    book.keep(APPLICATIONS, "stray", application_id="stray", report_id=PLAIN, status="decided")

    assert_named(book, PLAIN, "1 documents in subsidies.applications instead of 0")


@pytest.mark.parametrize("status", ["pending", "failed", "suppressed"])
def test_a_message_that_did_not_go_out_is_named(book: Book, status: str) -> None:
    book.state(MESSAGES, f"{PLAIN}/case-opened")["status"] = status

    assert_named(book, PLAIN, f"its message case-opened is {status}")
    assert unfinished(book.world()) == 1


def test_a_gap_in_a_sequence_is_named(book: Book) -> None:
    fact = book.find(PLAIN, "case-opened.v1")
    book.facts[book.facts.index(fact)] = replace(fact, sequence=2)

    assert_named(book, PLAIN, "hole in the sequence")


def test_events_in_another_order_are_named(book: Book) -> None:
    fact = book.find(GRANTED, "documents-requested.v1")
    book.facts[book.facts.index(fact)] = replace(fact, offset=99_999)

    assert_named(book, GRANTED, "hole in the sequence")


def test_events_in_two_partitions_are_named(book: Book) -> None:
    fact = book.find(GRANTED, "subsidy-granted.v1")
    book.facts[book.facts.index(fact)] = replace(fact, partition=1)

    assert_named(book, GRANTED, "more than one partition")


def test_a_key_that_is_not_the_subject_is_named(book: Book) -> None:
    fact = book.find(PLAIN, "case-opened.v1")
    book.facts[book.facts.index(fact)] = replace(fact, key="elsewhere")

    assert_named(book, PLAIN, "has the key elsewhere")


@pytest.mark.parametrize("change", [{"available_cents": -1}, {"reserved_cents": 0}, {"allocated_cents": 1}])
def test_a_budget_that_does_not_add_up_is_named(book: Book, change: Mapping[str, int]) -> None:
    book.state(BUDGETS, "b").update(change)

    assert_named(book, "", "budget b")


def test_an_overspent_budget_is_named(book: Book) -> None:
    book.state(DECISIONS, "decision-0000")["amount_cents"] += 60_000

    texts = [one.text for one in book.account().violations]

    assert any("cents are reserved and decisions grant" in text for text in texts)


def test_a_second_grant_to_an_application_is_named(book: Book) -> None:
    book.keep(DECISIONS, "second", **book.state(DECISIONS, "decision-0000"))

    texts = [one.text for one in book.account().violations]

    assert "subsidies.decisions: application application-0000 is there 2 times" in texts


def test_a_decision_published_differently_is_named(book: Book) -> None:
    fact = book.find(GRANTED, "subsidy-granted.v1")
    book.facts[book.facts.index(fact)] = replace(fact, body=dict(fact.body) | {"amount_cents": 1})

    assert_named(book, GRANTED, "granted of 150000 cents was decided and the topic says granted of 1")


def test_a_decision_against_the_data_is_named(book: Book) -> None:
    position = next(
        n for n, one in enumerate(book.requests) if (one.step, one.report_id) == ("data", REFUSED)
    )
    book.requests[position] = replace(book.requests[position], expect="eligible")

    assert_named(book, REFUSED, "the data make it eligible and it was decided refused")


@pytest.mark.parametrize("name", ["name", "email", "description"])
@pytest.mark.parametrize("form", [str.encode, lambda text: text.encode("ascii", "backslashreplace")])
def test_a_personal_datum_on_a_topic_is_named(book: Book, name: str, form: Any) -> None:
    about = next(one.about for one in book.requests if one.report_id == PLAIN)
    fact = book.find(REFUSED, "subsidy-refused.v1")
    written = form(about[name]).replace(rb"\xf2", rb"\u00f2")
    book.facts[book.facts.index(fact)] = replace(fact, raw=b"header\0" + written)

    assert_named(book, PLAIN, f"personal datum: its {name} is on subsidies.applications")


def test_a_refused_request_that_left_something_is_named(book: Book) -> None:
    book.traces.append((FLAWED, "intake.private"))

    assert_named(book, FLAWED, "it was refused and left something behind in intake.private")


def test_a_flawed_request_that_was_accepted_is_named(book: Book) -> None:
    position = next(n for n, one in enumerate(book.requests) if one.step == "flawed")
    book.requests[position] = replace(book.requests[position], status=201, slug="")

    assert_named(book, FLAWED, "was to be refused as unknown-place, and was answered 201")


def test_a_report_without_a_good_answer_is_named(book: Book) -> None:
    book.requests.append(LoggedRequest("report", "unanswered", "accepted", 0, "ReadTimeout"))

    assert_named(book, "unanswered", "it was to be accepted and was answered 0 ReadTimeout")


def test_a_resend_with_another_answer_is_named(book: Book) -> None:
    position = next(n for n, one in enumerate(book.requests) if one.step == "again")
    book.requests[position] = replace(book.requests[position], answer={"tracking_code": "OTHER", "pin": "1"})

    assert_named(book, GRANTED, "sent again, it was answered 200")


def test_another_body_under_a_known_id_that_was_taken_is_named(book: Book) -> None:
    position = next(n for n, one in enumerate(book.requests) if one.step == "reused")
    book.requests[position] = replace(book.requests[position], status=200, slug="")

    assert_named(book, PLAIN, "instead of 422 id-reused")


@pytest.mark.parametrize("what", ["an event that is not sent in routing", "a parked record in notify"])
def test_something_left_over_is_named(book: Book, what: str) -> None:
    book.leftovers.append(Leftover(what, PLAIN))

    assert_named(book, PLAIN, f"left over: {what}")
    assert unfinished(book.world()) == 1


def test_an_unrequested_resolution_is_named(book: Book) -> None:
    book.state(CASES, PLAIN)["status"] = "resolved"

    assert_named(book, PLAIN, "its case is resolved and the client never ended it")


def test_an_outdated_status_in_intake_is_named(book: Book) -> None:
    book.state(REPORTS, PLAIN)["status"] = "registered"

    assert_named(book, PLAIN, "intake shows it as registered instead of in-charge")


def test_too_few_reports_are_a_violation(book: Book) -> None:
    taken = next(one for one in book.requests if one.report_id == PLAIN and one.step == "report")
    book.requests.remove(taken)

    assert "299 reports were accepted and 300 is the least" in {one.text for one in book.account().violations}


def test_too_few_decisions_are_a_violation(book: Book) -> None:
    del book.documents[DECISIONS][0]

    assert "39 decisions were taken and 40 is the least" in {one.text for one in book.account().violations}


def test_a_case_without_any_message_is_a_violation(book: Book) -> None:
    book.documents[MESSAGES] = [one for one in book.documents[MESSAGES] if one["state"]["report_id"] != PLAIN]

    texts = {one.text for one in book.account().violations}

    assert "679 messages for 300 cases, 1 cases without any" in texts


def test_the_data_of_older_scenarios_are_ignored(book: Book) -> None:
    book.keep(REPORTS, "older", report_id="older", status="registered")
    book.keep(CASES, "older", report_id="older", status="open", route=None)
    book.keep(DECISIONS, "older", application_id="older", budget="b", outcome="refused", amount_cents=0)
    book.publish("routing.cases", "case-opened.v1", "older", "older")
    book.mails.append(ReceivedMail("older", "older", "case-opened"))

    assert book.account().violations == []
