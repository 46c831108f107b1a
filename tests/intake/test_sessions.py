"""Listening sessions: what their rules promise, and that a talk becomes reports, appointments and one event."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportRegistered, SessionHeld
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.sessions import Appointment, Problem
from intake.app.talks import Household
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact
from intake.domain.sessions import OLDEST_TALK, FollowUpKind, SessionStatus, hearing_time
from intake.handlers.documents import REPORTS, SESSIONS, TALKS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
PIA = Reader("pia-finta", frozenset({"operator"}), "Pia Finta")
HOME = Household(Contact("Bruno Esempi", None, "035 000000"), True, "bg-monterosso-01", "ar")
VISIT = Appointment("visit", NOON + timedelta(days=7), FollowUpKind.HOME_VISIT, None, "Porti le bollette.")
SESSION = uuid7(NOON)
TEN_YEARS = timedelta(days=3650)
moments = st.timedeltas(-TEN_YEARS, TEN_YEARS).map(lambda one: datetime(2026, 1, 1, tzinfo=UTC) + one)


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


async def take(cases: UseCases, category: str, words: str, report_id: str) -> None:
    view = await cases.sessions.read(SESSION, ADA)
    judged = await cases.sessions.judge(view, Problem(category, words))
    await cases.sessions.take(SESSION, ADA, report_id, judged)


@given(moments, st.timedeltas(timedelta(), OLDEST_TALK), moments)
def test_a_talk_is_heard_as_long_ago_as_the_device_says_whatever_its_clock_shows(
    now: datetime, age: timedelta, shown: datetime
) -> None:
    heard = hearing_time(shown - age, shown, now)

    assert heard is not None
    assert timedelta() <= now - age - heard.at < timedelta(milliseconds=1)
    assert heard.skew == now - shown


@pytest.mark.parametrize("age", [timedelta(seconds=-1), OLDEST_TALK + timedelta(seconds=1)])
def test_a_talk_begins_before_it_is_sent_and_at_most_30_days_ago(age: timedelta) -> None:
    assert hearing_time(NOON - age, NOON, NOON) is None


async def test_a_talk_becomes_reports_of_one_household_and_one_event(
    service: MemoryService, cases: UseCases
) -> None:
    sessions, first, second = cases.sessions, uuid7(NOON), uuid7(NOON)
    await sessions.start(SESSION, ADA, NOON - timedelta(hours=5), NOON - timedelta(hours=2))
    await sessions.describe(SESSION, ADA, HOME)
    await take(cases, "infiltrazioni", "Piove in cucina", first)
    await take(cases, "isolamento", "È sola da quando è morto il marito", second)
    await sessions.agree(SESSION, ADA, VISIT)
    await sessions.write_notes(SESSION, ADA, "Vuole essere chiamata dopo le cinque.")
    service.now = NOON + timedelta(minutes=30)
    await sessions.end(SESSION, ADA)
    again = await sessions.end(SESSION, ADA)

    reports = await service.documents(REPORTS, order=[("_id", 1)])
    one, two, held = await service.published()
    view = await sessions.read(SESSION, ADA)
    assert again
    assert [(row.session_id, row.heard_at, row.language) for row in reports] == [
        (SESSION, NOON - timedelta(hours=3), "ar")
    ] * 2
    assert isinstance(one, ReportRegistered)
    assert one.urgency == "u"  # somebody frail lives there
    assert isinstance(two, ReportRegistered)
    assert held == SessionHeld.model_validate(
        {
            "session_id": SESSION,
            "operator": "ada-esempio",
            "neighbourhood": "monterosso",
            "started_at": NOON - timedelta(hours=3),
            "ended_at": service.now,
            "counts": ({"kind": "technical", "reports": 1}, {"kind": "social", "reports": 1}),
            "report_ids": (first, second),
            "follow_ups": ({"at": VISIT.at, "what": "home-visit"},),
        }
    )
    assert view.talk is not None
    assert (view.talk.notes, view.talk.words) == (
        "Vuole essere chiamata dopo le cinque.",
        {"visit": "Porti le bollette."},
    )


async def test_nothing_personal_of_a_talk_is_stored_in_the_clear(
    service: MemoryService, cases: UseCases
) -> None:
    await cases.sessions.start(SESSION, ADA)
    await cases.sessions.describe(SESSION, ADA, HOME)
    await take(cases, "infiltrazioni", "Piove in cucina", uuid7(NOON))
    await cases.sessions.agree(SESSION, ADA, VISIT)
    await cases.sessions.write_notes(SESSION, ADA, "Ha paura del figlio.")
    await cases.sessions.end(SESSION, ADA)

    rows = [
        row
        for name in (
            "listening_sessions",
            "talks",
            "reports",
            "private",
            "inbox",
            "outbox",
            "timers",
            "audit",
        )
        for row in await service.store.query(name, {})
    ]
    stored = repr(rows)
    for words in ("Bruno", "bruno", "35 000000", "Piove", "bollette", "paura"):
        assert words not in stored


async def test_a_report_sent_twice_is_one_even_after_the_session_ended(
    service: MemoryService, cases: UseCases
) -> None:
    report_id = uuid7(NOON)
    await cases.sessions.start(SESSION, ADA)
    await cases.sessions.describe(SESSION, ADA, HOME)
    await take(cases, "infiltrazioni", "Piove", report_id)
    await take(cases, "infiltrazioni", "Piove", report_id)
    await cases.sessions.end(SESSION, ADA)
    await take(cases, "infiltrazioni", "Piove", report_id)

    with pytest.raises(Refused, match="session-over"):
        await take(cases, "infiltrazioni", "Piove ancora", uuid7(NOON))
    session = await service.document(SESSIONS, SESSION)
    assert session is not None
    assert [one.report_id for one in session.reports] == [report_id]
    assert len(await service.documents(REPORTS)) == 1


async def test_a_session_belongs_to_who_holds_it(cases: UseCases) -> None:
    sessions = cases.sessions
    await sessions.start(SESSION, ADA)

    for refused in (
        lambda: sessions.read(SESSION, PIA),
        lambda: sessions.describe(SESSION, PIA, HOME),
        lambda: sessions.write_notes(SESSION, PIA, "altro"),
        lambda: sessions.agree(SESSION, PIA, VISIT),
        lambda: sessions.end(SESSION, PIA),
        lambda: sessions.abandon(SESSION, PIA),
        lambda: cases.session_receipts.of(SESSION, PIA),
    ):
        with pytest.raises(Refused, match="not-your-session"):
            await refused()
    with pytest.raises(Refused, match="id-reused"):
        await sessions.start(SESSION, PIA)
    assert [one.session_id for one in await sessions.open_of(ADA)] == [SESSION]
    assert await sessions.open_of(PIA) == []


async def test_what_was_written_in_an_abandoned_session_is_erased(
    service: MemoryService, cases: UseCases
) -> None:
    await cases.sessions.start(SESSION, ADA)
    await cases.sessions.describe(SESSION, ADA, HOME)
    await cases.sessions.abandon(SESSION, ADA)

    sealed = await service.document(TALKS, SESSION)
    assert sealed is not None
    assert (sealed.key, sealed.fields) == (b"", {})
    assert await service.published() == []
    with pytest.raises(Refused, match="session-e"):
        await cases.sessions.describe(SESSION, ADA, HOME)


@pytest.mark.parametrize(
    ("has_report", "status"), [(True, SessionStatus.ENDED), (False, SessionStatus.ABANDONED)]
)
async def test_a_forgotten_session_ends_after_a_day(
    service: MemoryService, cases: UseCases, has_report: bool, status: SessionStatus
) -> None:
    await cases.sessions.start(SESSION, ADA)
    await cases.sessions.describe(SESSION, ADA, HOME)
    if has_report:
        await take(cases, "infiltrazioni", "Piove", uuid7(NOON))
        with pytest.raises(Refused, match="session-has-results"):
            await cases.sessions.abandon(SESSION, ADA)
    service.now = NOON + timedelta(hours=25)
    await service.fire_timers()

    session = await service.document(SESSIONS, SESSION)
    held = [one for one in await service.published() if isinstance(one, SessionHeld)]
    assert session is not None
    assert session.status is status
    assert len(held) == has_report


async def test_the_receipt_shows_pins_that_open_the_reports_until_an_hour_after_the_end(
    service: MemoryService, cases: UseCases
) -> None:
    report_id = uuid7(NOON)
    await cases.sessions.start(SESSION, ADA)
    await cases.sessions.describe(SESSION, ADA, HOME)
    await take(cases, "infiltrazioni", "Piove", report_id)
    await cases.sessions.agree(SESSION, ADA, VISIT)
    await cases.sessions.end(SESSION, ADA)

    receipt = await cases.session_receipts.of(SESSION, ADA)
    shown = await service.context.audited({"action": "show-pin"})
    service.now = NOON + timedelta(minutes=61)
    later = await cases.session_receipts.of(SESSION, ADA)

    [report] = receipt.reports
    assert report.pin == cases.codes.pin(report_id)
    assert (receipt.name, receipt.language, receipt.follow_ups[0].words) == (
        "Bruno Esempi",
        "ar",
        "Porti le bollette.",
    )
    assert [row["details"]["report_id"] for row in shown] == [report_id]
    assert [one.pin for one in later.reports] == [None]
    assert not later.has_pins
    assert len(await service.context.audited({"action": "show-pin"})) == 1
