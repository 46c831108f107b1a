"""Reports about one problem: suggested before sending, joined, merged, split and withdrawn."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.intake.duplicate_quality import HELD_BACK, measure
from tests.intake.test_status_pages import opened, steps_of

from chassis.errors import Refused
from chassis.ids import derive, uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportJoined, ReportMerged, ReportSplit
from contracts.routing import CaseEscalated, CaseMerged, CaseRaised, CaseResolved, CaseSplit
from intake.domain.reports import Report, Status
from intake.handlers.documents import PRIVATE, REPORTS
from intake.handlers.merge_reports import MergeReport, SplitReport
from intake.handlers.reopen_report import ReopenReport
from intake.handlers.withdraw_report import WithdrawReport

PLACE, OTHER_STAIR = "bg-monterosso-02", "bg-monterosso-03"
LIFT = "L'ascensore della scala è fermo al terzo piano da stamattina."
SAME = "ascensore bloccatto al terzo piano, nn scende"


class Stair:
    """Reports of the neighbours of one stair."""

    def __init__(self, service: MemoryService, client: httpx.AsyncClient) -> None:
        self.service, self.client, self._done = service, client, 0

    async def report(self, text: str = LIFT, **more: Any) -> str:
        self.service.now += timedelta(minutes=5)
        report_id = uuid7(self.service.now)
        body = {"report_id": report_id, "category": "ascensore", "place_id": PLACE, "description": text}
        answer = await self.client.post("/v1/reports", json=body | more)
        assert answer.status_code == 201, answer.text
        return report_id

    async def similar(self, text: str = SAME, **more: str) -> list[dict[str, Any]]:
        body = {"category": "ascensore", "place_id": PLACE, "description": text} | more
        answer = await self.client.post("/v1/duplicates", json=body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["duplicates"]
        return found

    async def run(self, command: Any) -> None:
        self._done += 1
        await self.service.command(command, id=derive("test", str(self._done)), key=command.report_id)
        for _ in range(3):
            await self.service.fire_timers()

    async def merge(self, report_id: str, main_id: str) -> None:
        await self.run(MergeReport(report_id, main_id, "same-problem"))

    async def get(self, report_id: str) -> Report:
        found = await self.service.document(REPORTS, report_id)
        assert found is not None
        return found

    async def voices(self, *report_ids: str) -> list[int]:
        return [(await self.get(one)).voices for one in report_ids]

    async def told(self, kind: type[Any]) -> list[Any]:
        return [one for one in await self.service.published() if isinstance(one, kind)]


@pytest.fixture
def stair(service: MemoryService, client: httpx.AsyncClient) -> Stair:
    return Stair(service, client)


async def test_a_sender_sees_the_open_report_about_the_same_lift_and_nothing_personal(stair: Stair) -> None:
    first = await stair.report(contact={"name": "Ada Esempio", "email": "ada@esempio.example"})
    await stair.report("Il citofono non suona", category="citofono")

    found = await stair.similar()

    assert [one["report_id"] for one in found] == [first]
    assert set(found[0]) == {
        *("report_id", "category", "place_id", "status", "registered_at", "voices", "due_at"),
        *("nearness", "metres", "score"),
    }


async def test_private_categories_suggest_nothing_and_are_not_joined(stair: Stair) -> None:
    lonely = await stair.report("Il signore del terzo piano è solo", category="isolamento")

    assert await stair.similar("Il signore del terzo piano è solo", category="isolamento") == []
    body = {"category": "ascensore", "place_id": PLACE, "description": SAME, "joins": lonely}
    answer = await stair.client.post("/v1/reports", json=body)
    assert (answer.status_code, answer.json()["type"].endswith("not-joinable")) == (403, True)


async def test_who_joins_has_a_report_of_their_own_and_the_first_one_counts_a_voice_more(
    stair: Stair,
) -> None:
    first = await stair.report()
    joined = await stair.report(SAME, joins=first)

    assert ((await stair.get(joined)).merged_into, await stair.voices(first, joined)) == (first, [2, 1])
    assert await stair.told(ReportJoined) == [ReportJoined(report_id=joined, main_id=first, voices=2)]
    assert [one["report_id"] for one in await stair.similar()] == [first]


async def test_a_resend_of_a_join_is_the_same_report_and_counts_once(stair: Stair) -> None:
    first, report_id = await stair.report(), uuid7(stair.service.now)
    body = {"report_id": report_id, "category": "ascensore", "place_id": PLACE, "description": SAME}
    answers = [
        (await stair.client.post("/v1/reports", json=body | {"joins": first})).status_code for _ in "12"
    ]
    other = await stair.client.post("/v1/reports", json=body)

    assert (answers, other.status_code, await stair.voices(first)) == ([201, 200], 422, [2])


async def test_followers_move_along_and_a_split_gives_back_what_was_merged(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    follower = await stair.report(SAME, joins=b)

    await stair.merge(b, a)
    together = await stair.voices(a, b, follower)
    await stair.run(SplitReport(b, a, "mistake"))

    assert (together, await stair.voices(a, b, follower)) == ([3, 2, 1], [1, 2, 1])
    assert (await stair.get(follower)).merged_into == b
    assert [(one.main_id, one.voices) for one in await stair.told(ReportMerged)] == [(a, 3)]
    assert [(one.main_id, one.voices, one.reason) for one in await stair.told(ReportSplit)] == [
        (a, 1, "mistake")
    ]


async def test_of_two_mergings_in_both_directions_one_is_refused(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    await stair.merge(a, b)

    with pytest.raises(Refused, match="merged itself"):
        await stair.merge(b, a)
    assert ((await stair.get(a)).merged_into, (await stair.get(b)).merged_into) == (b, None)


async def test_what_cannot_be_merged_is_refused_with_its_reason(stair: Stair) -> None:
    a, b, c = await stair.report(), await stair.report(), await stair.report()
    money = await stair.report("Chiedo un contributo", category="contributo-affitto")
    await stair.merge(b, a)
    await stair.run(WithdrawReport(c, "mistake"))

    refused = {}
    for name, (one, other) in {
        "itself": (a, a),
        "ended": (c, a),
        "again": (b, money),
        "money": (a, money),
    }.items():
        with pytest.raises(Refused) as caught:
            await stair.merge(one, other)
        refused[name] = caught.value.slug
    assert refused == {
        "itself": "same-report",
        "ended": "report-ended",
        "again": "already-merged",
        "money": "not-mergeable",
    }


async def test_a_withdrawn_follower_takes_its_voice_from_all_reports_above(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    follower = await stair.report(SAME, joins=b)
    await stair.merge(b, a)

    await stair.run(WithdrawReport(follower, "solved-itself"))

    assert await stair.voices(a, b, follower) == [2, 1, 0]


async def test_when_the_main_report_is_withdrawn_the_first_follower_has_the_case_and_the_others_follow_it(
    stair: Stair,
) -> None:
    a = await stair.report()
    b, c, d = [await stair.report(SAME, joins=a) for _ in range(3)]
    await stair.run(WithdrawReport(d, "mistake"))
    await stair.run(WithdrawReport(a, "solved-itself"))

    assert [(await stair.get(one)).merged_into for one in (a, b, c)] == [None, None, b]
    assert (await stair.voices(a, b, c), (await stair.get(b)).followers) == ([0, 2, 1], (c,))
    [split], [moved] = await stair.told(ReportSplit), await stair.told(ReportMerged)
    assert (split.report_id, split.main_id, split.reason) == (b, a, "main-withdrawn")
    assert (moved.report_id, moved.main_id, moved.reason) == (c, b, "main-withdrawn")
    assert [one["report_id"] for one in await stair.similar()] == [b]


async def test_a_withdrawn_report_in_between_leaves_its_followers_to_the_report_above(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    follower = await stair.report(SAME, joins=b)
    await stair.merge(b, a)
    await stair.run(WithdrawReport(b, "mistake"))

    assert ((await stair.get(follower)).merged_into, await stair.voices(a, b, follower)) == (a, [2, 0, 1])
    assert (await stair.get(a)).followers == (follower,)


async def test_a_follower_that_is_reopened_is_on_its_own_and_the_main_report_stays_closed(
    stair: Stair,
) -> None:
    a = await stair.report()
    b = await stair.report(SAME, joins=a)
    for one in (a, b):
        await stair.service.event(CaseResolved(report_id=one, outcome="solved"))
    await stair.run(ReopenReport(b, "01932c0a-0000-7000-8000-0000000000aa", {}))

    main, again = await stair.get(a), await stair.get(b)
    assert (again.status, again.merged_into) == (Status.REGISTERED, None)
    assert (main.status, main.followers, main.voices) == (Status.CLOSED, (), 1)


async def test_who_joined_reads_on_the_status_page_what_happens_to_the_case_of_both(stair: Stair) -> None:
    main = await stair.report()
    body = {"category": "ascensore", "place_id": PLACE, "description": SAME, "joins": main}
    joined = (await stair.client.post("/v1/reports", json=body)).json()
    stair.service.now += timedelta(hours=1)
    await stair.service.event(CaseEscalated(report_id=main, missed="contact", due_at=stair.service.now))

    page = await opened(stair.client, joined["tracking_code"], joined["pin"])

    assert "Anche altre persone hanno segnalato questo problema" in page.text
    assert "In ritardo" in steps_of(page)


async def test_a_merged_report_has_the_office_and_the_date_of_the_case_that_it_shares(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    due, later = stair.service.now + timedelta(days=3), stair.service.now + timedelta(days=9)
    await stair.merge(b, a)
    for event in (
        CaseMerged(report_id=b, main_id=a, route="technical-office", due_at=due),
        CaseSplit(report_id=b, main_id=a, route=None, operator=None, due_at=later),
        CaseRaised(
            report_id=a,
            rule="three-voices",
            rules_version="v",
            urgency="u",
            voices=3,
            contact_due_at=due,
            due_at=due,
        ),
    ):
        await stair.service.event(event)

    report, main = await stair.get(b), await stair.get(a)
    assert [step.what for step in report.history] == ["merged"]
    assert (report.status, report.route, report.due_at) == (Status.IN_CHARGE, None, later)
    assert ([step.what for step in main.history], main.due_at) == (["raised"], due)


async def test_the_store_has_no_word_of_a_text_and_an_erased_report_has_no_hash(stair: Stair) -> None:
    first = await stair.report()
    private = await stair.service.document(PRIVATE, first)

    assert private is not None
    assert len(private.words) == len({len(word) for word in private.words}) * 5
    assert all(word not in repr(private).casefold() for word in ("ascensore", "asensor", "terzo"))


async def test_staff_merges_and_splits_with_a_reason_and_the_audit_says_who(stair: Stair) -> None:
    a, b = await stair.report(), await stair.report()
    staff = {"Authorization": "Bearer token-of-operator"}
    beside = await stair.client.get(f"/internal/reports/{b}/duplicates", headers=staff)
    body = {"command_id": uuid7(stair.service.now), "main_id": a, "reason": "same-problem"}
    merged = await stair.client.post(f"/internal/reports/{b}/merge", json=body, headers=staff)
    undo = {"command_id": uuid7(stair.service.now), "reason": "mistake"}
    split = await stair.client.post(f"/internal/reports/{b}/split", json=undo, headers=staff)

    assert [one["report_id"] for one in beside.json()["duplicates"]] == [a]
    assert (merged.status_code, merged.json()["voices"], split.status_code) == (200, 2, 200)
    rows = await stair.service.context.audited({"details.report_id": b})
    assert [row["action"] for row in rows] == ["split-report", "merge-report"]
    assert (await stair.client.post(f"/internal/reports/{b}/merge", json=body)).status_code == 401


def test_the_held_back_half_of_the_labelled_set_is_found() -> None:
    """The goal is 0.80; the floor leaves room for another stemming, not for another method."""
    found = measure(HELD_BACK)

    assert found.recall_at_3 >= 0.85
    assert found.shown_right >= 0.6
