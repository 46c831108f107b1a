"""Cases of reports about one problem: merged, raised by voices, split, and ending together."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.routing.conftest import NOW, PLAN, SEED
from tests.routing.test_handlers import registered

from chassis.errors import Refused
from chassis.ids import derive
from chassis.testing import MemoryService
from contracts.base import Event
from contracts.intake import ReportJoined, ReportMerged, ReportReopened, ReportSplit, ReportWithdrawn
from contracts.routing import CaseMerged, CaseRaised, CaseReopened, CaseResolved, CaseSplit
from routing.adapters.register_files import read_register
from routing.app.put_in_force import put_in_force
from routing.domain.cases import Case, Outcome, Status
from routing.domain.history import Shared, Staff
from routing.domain.rules import Raise, raises_of
from routing.handlers.documents import CASES
from routing.handlers.follow_timers import FollowMain
from routing.handlers.reopen_case import ReopenCase
from routing.handlers.resolve_case import ResolveCase

A, B, C, D = (f"01932c0a-0000-7000-8000-00000000000{number}" for number in range(1, 5))
ADA = Staff("ada-esempio", "Ada Esempio")


class Building:
    """Reports about one dark stair (ordinary urgency), their cases, and what is published."""

    def __init__(self, service: MemoryService) -> None:
        self.service, self._done = service, 0

    async def open(self, *report_ids: str) -> None:
        await put_in_force(self.service.context, read_register(SEED))
        for report_id in report_ids:
            await self.service.event(
                registered(report_id=report_id, category="luce-scale", kind="technical", urgency="n")
            )

    async def tell(self, event: Event) -> None:
        self._done += 1
        await self.service.event(event, id=derive("event", str(self._done)))
        await self.settle()

    async def run(self, command: object, report_id: str) -> None:
        self._done += 1
        await self.service.command(command, id=derive("test", str(self._done)), key=report_id)
        await self.settle()

    async def settle(self) -> None:
        """Fire the timers, and those that they start."""
        for _ in range(3):
            await self.service.fire_timers()

    async def case(self, report_id: str) -> Case:
        found = await self.service.document(CASES, report_id)
        assert found is not None
        return found

    async def told(self, *kinds: type[Event]) -> list[tuple[str, str]]:
        return [
            (type(one).__name__, one.subject)
            for one in await self.service.published()
            if isinstance(one, kinds or (CaseMerged, CaseRaised, CaseSplit, CaseReopened, CaseResolved))
        ]


@pytest.fixture
async def stair(service: MemoryService) -> Building:
    building = Building(service)
    await building.open(A, B, C, D)
    return building


def joined(report_id: str, main_id: str, voices: int) -> ReportJoined:
    return ReportJoined(report_id=report_id, main_id=main_id, voices=voices)


def merged(report_id: str, main_id: str, voices: int) -> ReportMerged:
    return ReportMerged(report_id=report_id, main_id=main_id, voices=voices, reason="same-problem")


def parted(report_id: str, main_id: str, voices: int) -> ReportSplit:
    return ReportSplit(report_id=report_id, main_id=main_id, voices=voices, reason="mistake")


def withdrawn(report_id: str) -> ReportWithdrawn:
    return ReportWithdrawn(report_id=report_id, reason="mistake")


async def test_the_third_voice_raises_a_case_once_and_its_due_dates_become_earlier(stair: Building) -> None:
    before = await stair.case(A)
    await stair.tell(joined(B, A, 2))
    assert (await stair.case(A)).urgency == "n"

    await stair.tell(joined(C, A, 3))
    await stair.tell(joined(D, A, 4))

    case = await stair.case(A)
    assert (case.urgency, case.voices, case.followers) == ("u", 4, (B, C, D))
    assert case.due_at < before.due_at
    assert case.contact_due_at <= before.contact_due_at
    assert case.raised_by == "almeno tre segnalazioni dicono la stessa cosa: riguarda molte famiglie."
    assert await stair.told(CaseRaised) == [("CaseRaised", A)]
    watched = [timer.due_at for timer in await stair.service.timers() if timer.report_id == A]
    assert sorted(watched) == [case.contact_due_at, case.due_at]


async def test_a_merged_case_cannot_be_worked_on_and_watches_no_date(stair: Building) -> None:
    await stair.tell(merged(B, A, 2))

    with pytest.raises(Refused, match="merged into another"):
        await stair.run(ResolveCase(B, Outcome.SOLVED, ADA), B)
    assert (await stair.case(B)).is_merged
    assert [one for one in await stair.service.timers() if one.report_id == B] == []


async def test_followers_end_with_the_main_case_and_are_open_again_with_it(stair: Building) -> None:
    await stair.tell(merged(C, B, 2))
    await stair.tell(merged(B, A, 3))

    await stair.run(ResolveCase(A, Outcome.SOLVED, ADA), A)
    ended = {one: (await stair.case(one)).outcome for one in (A, B, C)}
    await stair.run(ReopenCase(A, ADA), A)

    assert ended == dict.fromkeys((A, B, C), Outcome.SOLVED)
    assert [(await stair.case(one)).is_merged for one in (A, B, C)] == [False, True, True]
    assert await stair.told(CaseResolved, CaseReopened) == [
        *(("CaseResolved", one) for one in (A, B, C)),
        *(("CaseReopened", one) for one in (A, B, C)),
    ]
    assert (await stair.case(B)).due_at is not None
    with pytest.raises(Refused):
        await stair.run(ReopenCase(B, ADA), B)


async def test_a_split_case_is_as_it_was_before(stair: Building) -> None:
    before = await stair.case(B)
    await stair.tell(merged(B, A, 2))
    await stair.tell(parted(B, A, 1))

    after, main = await stair.case(B), await stair.case(A)
    assert (after.status, after.route, after.due_at) == (before.status, before.route, before.due_at)
    assert (after.merged_into, main.followers, main.voices) == (None, (), 1)
    dates = {timer.due_at for timer in await stair.service.timers() if timer.report_id == B}
    assert dates == {before.contact_due_at, before.due_at}
    assert [entry.what for entry in after.shared] == [Shared.MERGED, Shared.SPLIT]


async def test_a_withdrawn_main_report_leaves_its_case_open_for_its_followers_until_the_last_one_leaves(
    stair: Building,
) -> None:
    await stair.tell(joined(B, A, 2))
    await stair.tell(withdrawn(A))
    stays = await stair.case(A)
    await stair.tell(withdrawn(B))

    assert (stays.status, stays.left, stays.followers) == (Status.OPEN, True, (B,))
    assert [(await stair.case(one)).outcome for one in (A, B)] == [Outcome.WITHDRAWN, Outcome.WITHDRAWN]


async def test_followers_of_a_withdrawn_report_move_to_the_first_of_them_in_whatever_order_it_is_told(
    stair: Building,
) -> None:
    facts = [parted(B, A, 1), merged(C, B, 2), withdrawn(A)]
    for one in (B, C):
        await stair.tell(joined(one, A, 3))
    for fact in facts[::-1]:
        await stair.tell(fact)

    first, other, gone = await stair.case(B), await stair.case(C), await stair.case(A)
    assert (first.is_merged, first.followers, first.voices) == (False, (C,), 2)
    assert (other.merged_into, other.is_merged) == (B, True)
    assert (gone.outcome, gone.followers) == (Outcome.WITHDRAWN, ())


async def test_a_follower_that_the_tenant_reopens_has_its_own_case_again(stair: Building) -> None:
    await stair.tell(joined(B, A, 2))
    await stair.run(ResolveCase(A, Outcome.SOLVED, ADA), A)
    await stair.tell(ReportReopened(report_id=B, closed_at=NOW))

    case, main = await stair.case(B), await stair.case(A)
    assert (case.status, case.merged_into, main.status) == (Status.OPEN, None, Status.RESOLVED)
    assert (main.followers, main.voices) == ((), 1)


async def test_a_report_that_joins_a_withdrawn_one_goes_on_alone(stair: Building) -> None:
    await stair.tell(withdrawn(A))
    await stair.tell(joined(B, A, 2))

    assert (await stair.case(B)).status is Status.OPEN
    assert await stair.told(CaseMerged) == []


async def test_a_report_that_joins_a_solved_one_ends_with_it(stair: Building) -> None:
    await stair.run(ResolveCase(A, Outcome.SOLVED, ADA), A)
    await stair.tell(joined(B, A, 2))

    assert (await stair.case(B)).outcome is Outcome.SOLVED


FACTS = st.lists(
    st.one_of(
        st.builds(merged, st.sampled_from([B, C, D]), st.just(A), st.integers(2, 9)),
        st.builds(parted, st.sampled_from([B, C, D]), st.just(A), st.integers(1, 9)),
        st.builds(withdrawn, st.sampled_from([A, B, C, D])),
        st.just(ResolveCase(A, Outcome.SOLVED, ADA)),
        st.just(ReopenCase(A, ADA)),
    ),
    max_size=9,
)


@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(FACTS)
async def test_whatever_happens_no_report_is_forgotten(facts: list[object]) -> None:
    """A merged case is a follower of its main case, which is not resolved; and what is alone is open or has ended by itself."""
    async with MemoryService(PLAN, NOW, {}) as service:
        building = Building(service)
        await building.open(A, B, C, D)
        for fact in facts:
            try:
                await (building.tell(fact) if isinstance(fact, Event) else building.run(fact, A))
            except Refused:
                continue
        cases = {one: await building.case(one) for one in (A, B, C, D)}
    main = cases[A]
    for report_id in (B, C, D):
        case = cases[report_id]
        if case.is_merged:
            assert (report_id in main.followers, main.status is Status.RESOLVED) == (True, False)
        if case.status is Status.RESOLVED and case.outcome is Outcome.SOLVED:
            assert Shared.MERGED in {entry.what for entry in case.shared}
    assert len(set(main.followers)) == len(main.followers)


def test_each_raising_rule_is_used_at_most_once_and_only_with_enough_voices() -> None:
    rules = Raise("three", 3, "n", "u", "tre."), Raise("ten", 10, "u", "e1", "dieci.")

    assert [[one.name for one in raises_of(rules, "n", voices)] for voices in (2, 3, 9, 10)] == [
        [],
        ["three"],
        ["three"],
        ["three", "ten"],
    ]
    assert raises_of(rules, "s", 100) == ()


async def test_a_timer_that_is_late_changes_nothing(stair: Building) -> None:
    await stair.tell(merged(B, A, 2))
    before = await stair.case(B)

    await stair.service.timer(FollowMain(B, A), key=B, due=NOW + timedelta(days=1))

    assert await stair.case(B) == before
