"""The invariants of one accepted report in the four databases, on the topics and in the mailbox."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from stack.account_world import (
    APPLICATIONS,
    CASES,
    DECISIONS,
    MESSAGES,
    PHOTOS,
    REPORTS,
    SUCCESS,
    WAITING,
    EventRecord,
    ReportHistory,
)

Texts = Iterator[str]

CLOCK = 1.0  # seconds, for what is rounded

CASE = ("case-opened.v1", "case-held.v1")
DECISION = ("subsidy-granted.v1", "subsidy-refused.v1", "subsidy-waitlisted.v1")
SETTLED = {"sent": "message-sent.v1", "suppressed": "message-suppressed.v1"}
FITTING = {"eligible": ("granted", "waitlisted"), "refused": ("refused",)}
# The status of a report in intake by the status of its case in routing.
SHOWN = {"open": "in-charge", "held": "held"}


def check_answers(history: ReportHistory) -> Texts:
    """Every request about the report was answered as expected."""
    for one in history.steps:
        if one.step == "again" and (one.status, _receipt(one.answer)) != (
            200,
            _receipt(history.request.answer),
        ):
            yield f"sent again, it was answered {one.status} {one.slug} and not as the first time"
        if one.step == "reused" and (one.status, one.slug) != (422, one.expect):
            yield f"another body under its id was answered {one.status} {one.slug} instead of 422 {one.expect}"
        if one.step in ("withdrawal", "resolution", "data", "repeat") and one.status != 200:
            yield f"its {one.step} was answered {one.status} {one.slug}"
        if one.step == "photo" and (one.status not in SUCCESS or one.answer.get("sha256") != one.expect):
            yield f"its photo {one.expect[:8]} was answered {one.status} {one.slug}"
        if one.step == "data" and one.status == 200 and one.answer.get("outcome") not in FITTING[one.expect]:
            yield f"the data make it {one.expect} and it was decided {one.answer.get('outcome')}"


def _receipt(answer: Mapping[str, Any]) -> tuple[object, object]:
    return answer.get("tracking_code"), answer.get("pin")


def check_documents(history: ReportHistory) -> Texts:
    """Every service has exactly the documents of the report, in their final state."""
    money = 1 if history.is_contribution else 0
    for collection, wanted in ((REPORTS, 1), (CASES, 1), (APPLICATIONS, money), (DECISIONS, money)):
        found = len(history.states(collection))
        if found != wanted:
            yield f"{found} documents in {collection} instead of {wanted}"
    case = history.only(CASES)
    if case and (case["status"] == "resolved") != history.ended:
        yield f"its case is {case['status']} and the client {'ended it' if history.ended else 'never ended it'}"
    shown = history.only(REPORTS).get("status")
    wanted_status = _status_to_show(history, case)
    if shown is not None and shown != wanted_status:
        yield f"intake shows it as {shown} instead of {wanted_status}"
    main = history.main and history.main.report_id
    for collection, state in ((REPORTS, history.only(REPORTS)), (CASES, case)):
        if state and state.get("merged_into") != main:
            yield f"{collection} has it merged into {state.get('merged_into')} instead of {main}"
    application = history.only(APPLICATIONS)
    if application and application["status"] != "decided":
        yield f"its application is {application['status']} instead of decided"


def check_phone(history: ReportHistory) -> Texts:
    """A phone's report was heard when its operator heard it, whatever its clock showed; one that had to wait was settled."""
    if history.late is None:
        return
    kept = [one for one in history.steps if one.step == "kept"]
    for one in kept:
        told = (one.status, one.answer.get("reasons"))
        if told != (202, [one.expect]):
            yield f"it was to wait for the desk as {one.expect} and was answered {told}"
    sent = kept[0] if kept else history.request
    heard = history.only(REPORTS).get("heard_at")
    if heard and not sent.sent_at - CLOCK <= heard.timestamp() + history.late <= sent.answered_at + CLOCK:
        yield f"it was heard {history.late} s before it was sent, and is stored as heard at {heard}"
    states = [state["state"] for state in history.states(WAITING)]
    if states != (["settled"] if kept else []):
        yield f"it was sent to wait for the desk {len(kept)} times and is stored there as {states}"


def check_photos(history: ReportHistory) -> Texts:
    """The report has exactly the photos that were added to it, each once."""
    added = {one.expect for one in history.steps if one.step == "photo"}
    stored = [one["sha256"] for state in history.states(PHOTOS) for one in state["photos"]]
    if sorted(stored) != sorted(added):
        yield f"{len(added)} photos were added and {len(stored)} are stored, {len(added & set(stored))} of them"


def _status_to_show(history: ReportHistory, case: Mapping[str, Any]) -> str:
    if history.step("withdrawal"):
        return "withdrawn"
    if history.resolved:
        return "closed"
    return SHOWN.get(case.get("status", "open"), "in-charge")


def wanted_templates(history: ReportHistory) -> list[str]:
    """The templates of all messages that notify must have written about the report."""
    case, decision = history.only(CASES), history.only(DECISIONS)
    wanted = ["report-received", "case-opened" if case.get("route") else "case-held"]
    if history.ended:
        wanted.append("case-resolved")
    if history.is_contribution:
        wanted += ["documents-requested", f"subsidy-{decision.get('outcome', 'decided')}"]
    return wanted


def check_messages(history: ReportHistory) -> Texts:
    """Every expected message was written once and is in its final state; there is no other message."""
    written = Counter(str(state["template"]) for state in history.states(MESSAGES))
    for template in wanted_templates(history):
        found = written.pop(template, 0)
        if found != 1:
            yield f"{found} messages {template} instead of 1"
    for template, found in written.items():
        yield f"{found} messages {template} that nothing asked for"
    for state in history.states(MESSAGES):
        good = state["status"] == "sent" if history.reachable else _not_wanted(state)
        if not good:
            yield f"its message {state['template']} is {state['status']} ({state.get('reason') or 'no reason'})"


def _not_wanted(state: Mapping[str, Any]) -> bool:
    return bool(state["status"] == "suppressed" and state.get("reason") == "no-contact")


def check_mails(history: ReportHistory) -> Texts:
    """Every sent message is in the mailbox once; there is no other mail."""
    found = Counter(mail.message_id for mail in history.mails)
    for state in history.states(MESSAGES):
        mails, wanted = found.pop(str(state["message_id"]), 0), int(state["status"] == "sent")
        if mails > max(1, wanted):
            yield f"doubled mail: message {state['template']} lies in the mailbox {mails} times"
        elif mails != wanted:
            yield f"message {state['template']} is {state['status']} and lies in the mailbox {mails} times"
    for message_id in found:
        yield f"the mailbox has a mail of message {message_id}, which notify does not know"


def wanted_facts(history: ReportHistory) -> list[tuple[tuple[str, ...], int]]:
    """How often each event must have been published about the report."""
    money, withdrawn = int(history.is_contribution), int(history.step("withdrawal") is not None)
    joined = int(history.main is not None)
    return [
        (("report-registered.v1",), 1),
        (("report-withdrawn.v1",), withdrawn),
        (("report-joined.v1",), joined),
        (CASE, 1),
        (("case-merged.v1",), joined),
        (("case-resolved.v1",), int(history.ended)),
        (("documents-requested.v1",), money),
        (("application-submitted.v1",), money),
        (DECISION, money),
    ]


def check_facts(history: ReportHistory) -> Texts:
    """Every expected event was published once. Copies with the same id are allowed; another id is another event."""
    for types, wanted in wanted_facts(history):
        found = len(history.events(*types))
        if found < wanted:
            yield f"lost event: no {' or '.join(types)} on the topics"
        elif found > wanted:
            yield f"doubled event: {' or '.join(types)} said {found} times under different ids, not {wanted}"
    for state in history.states(MESSAGES):
        ends = [
            fact
            for fact in history.events(*SETTLED.values())
            if fact.body["message_id"] == state["message_id"]
        ]
        if [fact.type for fact in ends] != [SETTLED.get(str(state["status"]))]:
            published = ", ".join(fact.type for fact in ends) or "nothing"
            yield f"message {state['template']} is {state['status']} and the topic says {published}"


def check_order(history: ReportHistory) -> Texts:
    """The events of a subject have its key, are in one partition, and are numbered from 1 in order without a gap."""
    groups: dict[tuple[str, str, str], list[EventRecord]] = {}
    for fact in history.facts:
        groups.setdefault((fact.topic, fact.source, fact.subject), []).append(fact)
        if fact.key != fact.subject:
            yield f"{fact.type} has the key {fact.key} and the subject {fact.subject}"
    for (topic, source, subject), facts in groups.items():
        numbers = [fact.sequence for fact in facts]
        if len({fact.partition for fact in facts}) > 1:
            yield f"{topic} has its facts in more than one partition"
        elif numbers != list(range(1, len(numbers) + 1)):
            yield f"hole in the sequence: {source} numbers {subject} on {topic} as {numbers}"


def check_agreement(history: ReportHistory) -> Texts:
    """The document of a service, its event and the answer to the client agree."""
    case, decision = history.only(CASES), history.only(DECISIONS)
    for fact in history.events(*CASE):
        published = (fact.body.get("route"), fact.body.get("operator"))
        if case and published != (case.get("route"), case.get("operator")):
            yield f"its case went to {case.get('route')} and the topic says {published[0]}"
    entered = history.step("data")
    kept = (decision.get("outcome"), decision.get("amount_cents"))
    if entered and decision and kept != (entered.answer.get("outcome"), entered.answer.get("amount_cents")):
        yield f"the officer was told {entered.answer.get('outcome')} and {kept[0]} was decided"
    for fact in history.events(*DECISION):
        published = (fact.type.removeprefix("subsidy-").removesuffix(".v1"), fact.body.get("amount_cents", 0))
        if decision and published != kept:
            yield f"{kept[0]} of {kept[1]} cents was decided and the topic says {published[0]} of {published[1]}"


Check = Callable[[ReportHistory], Texts]
# Checks that must pass before a scenario is complete.
ENDS: Sequence[Check] = (check_documents, check_messages)
# All checks of a complete scenario.
CHECKS: Sequence[Check] = (
    check_answers,
    check_documents,
    check_phone,
    check_photos,
    check_messages,
    check_mails,
    check_facts,
    check_order,
    check_agreement,
)


def find_violations(history: ReportHistory, checks: Iterable[Check] = CHECKS) -> list[str]:
    """The violations that the checks find for one report."""
    return [text for check in checks for text in check(history)]
