"""The gauges of a service match its documents: waiting reports and messages, and the balance of every budget."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.http.services import NOW, Furnished, furnished

from chassis.documents import Collection
from intake.domain.reports import Report
from intake.domain.reports import Status as ReportStatus
from intake.entrypoints.gauges import oldest_unanswered
from intake.handlers.documents import REPORTS
from notify.domain.messages import Message
from notify.domain.messages import Status as MessageStatus
from notify.entrypoints.gauges import oldest_pending
from notify.handlers.documents import MESSAGES
from subsidies.domain.ledger import LedgerEntry
from subsidies.entrypoints.gauges import available, difference
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import LEDGER

REPORT = Report(
    report_id="r1",
    tracking_code="c1",
    pin_hash="",
    fingerprint="",
    category="perdita-acqua",
    urgency="a",
    place_id="bg-monterosso",
    channel="web",
    language="it",
    heard_at=NOW,
    registered_at=NOW,
    updated_at=NOW,
)
MESSAGE = Message("m1", "r1", "case-opened", "email", MessageStatus.PENDING, NOW)


async def keep(service: Furnished, collection: Collection, *states: object) -> None:  # type: ignore[type-arg]
    rows = [{"_id": collection.key(state), "version": 1, "state": collection.dump(state)} for state in states]
    await service.store.insert_missing(collection.name, rows)


async def test_the_oldest_report_without_a_case_counts(tmp_path: Path) -> None:
    async with furnished("intake", tmp_path) as intake:
        context = intake.process.context
        assert await oldest_unanswered(context) == {(): 0.0}

        waiting = replace(
            REPORT, report_id="r2", tracking_code="c2", registered_at=NOW - timedelta(minutes=5)
        )
        with_case = replace(
            REPORT,
            report_id="r3",
            tracking_code="c3",
            registered_at=NOW - timedelta(hours=5),
            status=ReportStatus.IN_CHARGE,
        )
        await keep(intake, REPORTS, REPORT, waiting, with_case)

        assert await oldest_unanswered(context) == {(): 300.0}


async def test_the_oldest_pending_message_counts(tmp_path: Path) -> None:
    async with furnished("notify", tmp_path) as notify:
        assert await oldest_pending(notify.process.context) == {(): 0.0}

        sent = replace(
            MESSAGE, message_id="m2", status=MessageStatus.SENT, written_at=NOW - timedelta(hours=1)
        )
        late = replace(MESSAGE, message_id="m3", written_at=NOW - timedelta(minutes=40))
        await keep(notify, MESSAGES, MESSAGE, sent, late)

        assert await oldest_pending(notify.process.context) == {(): 2400.0}


@pytest.mark.parametrize(("reserved", "wrong"), [((), 0), ((700, 300), -1000)])
async def test_a_budget_differs_when_its_ledger_has_other_reservations(
    reserved: tuple[int, ...], wrong: int, tmp_path: Path
) -> None:
    async with furnished("subsidies", tmp_path) as subsidies:
        context = subsidies.process.context
        await context.run(AllocateBudget("tried", "crs", "bergamo", 5_000), id="tried", key="tried")
        entries = [
            LedgerEntry(f"d{number}", f"a{number}", "tried", "reserve", cents, NOW)
            for number, cents in enumerate(reserved)
        ]
        await keep(subsidies, LEDGER, *entries)

        assert (await available(context))["tried",] == 5_000
        assert (await difference(context))["tried",] == wrong
        others = {name: cents for name, cents in (await difference(context)).items() if name != ("tried",)}
        assert set(others.values()) == {0.0}


async def test_a_gauge_is_exported_by_the_service(tmp_path: Path) -> None:
    async with furnished("intake", tmp_path) as intake:
        [reader] = intake.process.gauge_readers
        late = replace(REPORT, registered_at=NOW - timedelta(minutes=16))
        await keep(intake, REPORTS, late)

        await reader.update()

        shown = intake.process.metrics.registry.get_sample_value(reader.gauge.name)
        assert shown is not None
        assert shown >= 900
