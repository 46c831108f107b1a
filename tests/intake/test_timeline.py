"""The timeline of a report."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.routing import CaseEscalated, CaseOpened, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.entries import NewEntry
from intake.app.use_cases import use_cases
from intake.domain.drafts import Draft
from intake.domain.entries import Author, EntryKind
from intake.domain.reports import Step
from intake.domain.timeline import Writing, timeline
from intake.queries.reports import documents_of, status_of

WORDS = ("held", "in-charge", "escalated", "closed", "reopened", "reassigned", "withdrawn")


def at(minute: int) -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(minutes=minute)


async def test_a_report_tells_who_had_it_by_when_and_what_was_answered(service: MemoryService) -> None:
    cases = use_cases(service.context, SECRET, is_address)
    draft = await cases.submissions.judge(Draft("ascensore", "bg-malpensata-01", "È fermo"))
    report_id, due = uuid7(NOON), NOON + timedelta(days=7)

    async def add(kind: EntryKind, by: Author, text: str) -> None:
        service.now += timedelta(hours=1)
        await cases.entries.add(report_id, NewEntry(uuid7(service.now), kind, by, text))

    await cases.submissions.accept(draft, report_id)
    case = CaseOpened(
        report_id=report_id,
        route="technical-office",
        operator=None,
        rule="technical",
        rules_version="1",
        urgency="u",
        neighbourhood="malpensata",
        contact_due_at=due,
        due_at=due,
    )
    service.now += timedelta(hours=1)
    await service.event(case)
    await add(EntryKind.INFORMATION, Author.TENANT, "Ora perde acqua")
    await add(EntryKind.NOTE, Author.STAFF, "Non si dice")
    service.now += timedelta(hours=1)
    await service.event(CaseEscalated(report_id=report_id, missed="contact", due_at=due))
    await add(EntryKind.ANSWER, Author.STAFF, "Abbiamo cambiato il motore")
    service.now += timedelta(hours=1)
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))

    report = await status_of(service.context, report_id)
    assert report is not None
    steps = cases.following.timeline(report, await documents_of(service.context, report_id))

    assert [(one.step.what, one.step.route, one.step.due_at, one.step.code, one.answer) for one in steps] == [
        ("registered", None, None, None, None),
        ("in-charge", "technical-office", due, None, None),
        ("information", None, None, None, None),
        ("escalated", None, None, "contact", None),
        ("closed", None, None, "solved", "Abbiamo cambiato il motore"),
    ]
    assert [one.step.at.hour for one in steps] == [12, 13, 14, 16, 18]


def test_each_closing_has_its_own_answer() -> None:
    history = [Step("closed", at(10)), Step("reopened", at(20)), Step("closed", at(30))]
    answers = [Writing(at(5), "prima"), Writing(at(25), "seconda"), Writing(at(40), "corretta")]

    shown = timeline(at(0), history, [], answers)

    assert [one.answer for one in shown] == [None, "prima", None, "corretta"]


def test_an_answer_of_a_report_that_is_open_is_not_shown() -> None:
    shown = timeline(at(0), [Step("in-charge", at(1))], [], [Writing(at(2), "bozza")])

    assert [one.answer for one in shown] == [None, None]


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 100)), max_size=12),
    st.lists(st.integers(0, 100), max_size=4),
    st.lists(st.integers(0, 100), max_size=4),
)
def test_steps_are_in_order_and_none_is_lost(
    steps: list[tuple[str, int]], information: list[int], answers: list[int]
) -> None:
    history = [Step(what, at(minute)) for what, minute in sorted(steps, key=lambda one: one[1])]
    writings = [Writing(at(minute), f"risposta {minute}") for minute in sorted(answers)]

    shown = timeline(at(0), history, [at(minute) for minute in information], writings)

    assert len(shown) == 1 + len(steps) + len(information)
    assert all(before.step.at <= after.step.at for before, after in pairwise(shown))
    assert all(one.answer is None for one in shown if one.step.what != "closed")
