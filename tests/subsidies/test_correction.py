"""Self-annulment: a new decision replaces one of the agency's own, within the law, and no cent is lost."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.subsidies.conftest import NOW, SEED, routers
from tests.subsidies.steps import apply, body, data, desk_of, path, published, report, start

from chassis.errors import Refused
from chassis.ids import derive, uuid7
from chassis.service import Plan
from chassis.testing import MemoryService
from subsidies.adapters.rule_files import Rules, read_rules
from subsidies.app.decide import Confirmation, correct
from subsidies.app.desk import Desk
from subsidies.app.preview import CorrectionRequest, preview_correction
from subsidies.domain.days import add_months, day_in_italy
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    COLLECTIONS,
    DECISIONS,
    LEDGER,
    application_of,
    decision_of,
    ledger_id,
)
from subsidies.handlers.reactions import REACTIONS
from subsidies.queries.budgets import ledger_differences
from subsidies.queries.views import OutcomeView

APPLICATION = application_of(report(1))
WRONG_DATA = CorrectionRequest(
    "wrong-data", "Il patrimonio era stato letto male: 26.200,00 € e non 26.200,01 €."
)
LIMIT = 2620000


async def corrected(
    service: Any, desk: Desk, number: int = 1, request: CorrectionRequest = WRONG_DATA, **changes: Any
) -> OutcomeView:
    application = application_of(report(number))
    preview = await preview_correction(desk, application, data(**changes), request)
    confirmation = Confirmation(preview.fingerprint, uuid7(service.now))
    return await correct(desk, application, data(**changes), request, confirmation)


async def decided(service: Any, rules: Rules, **changes: Any) -> Desk:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body(**changes))
    return desk_of(service, rules)


async def test_a_refusal_because_of_a_cent_is_annulled_by_a_grant_and_both_stay_readable(
    service: Any, rules: Rules
) -> None:
    desk = await decided(service, rules, patrimony_cents=LIMIT + 1)
    before = await service.context.load(DECISIONS, decision_of(APPLICATION))

    taken = await corrected(service, desk, patrimony_cents=LIMIT)

    assert (taken.outcome, taken.amount_cents) == ("granted", 180000)
    assert taken.decision_id == decision_of(APPLICATION, 1) == derive(APPLICATION, "decision/2")
    assert await service.context.load(DECISIONS, derive(APPLICATION, "decision")) == before
    new = (await service.http.get(path(1, "/decision"))).json()
    [reason, *_] = rules.procedure.reasons
    assert (new["decision_id"], new["reproduced"]) == (taken.decision_id, True)
    assert new["annulment"] == {
        "decision_id": before.decision_id,
        "decided_on": "2026-11-23",
        "reason": "wrong-data",
        "legal": reason.legal,
        "text": reason.text,
    }
    assert new["explanation"]["text"].splitlines()[:3] == [
        "Questa decisione annulla d'ufficio e sostituisce quella del 23/11/2026.",
        f"{reason.text} ({reason.legal})",
        f"Motivazione: {WRONG_DATA.note}",
    ]
    old = (await service.http.get(path(1, "/decisions/1"))).json()
    assert (old["outcome"], old["reproduced"], old["annulment"]) == ("refused", True, None)
    assert (await service.http.get(path(1))).json() | {"decided_at": ""} == {
        "application_id": APPLICATION,
        "report_id": report(1),
        "measure": "crs-2026",
        "status": "decided",
        "opened_at": "2026-11-23T09:00:00Z",
        "outcome": "granted",
        "budget": "crs-2026-bergamo",
        "amount_cents": 180000,
        "partial": False,
        "decision_id": taken.decision_id,
        "decided_at": "",
        "annulments": 1,
        "province": "bergamo",
    }


async def test_a_grant_that_is_annulled_releases_its_money_through_the_ledger(
    service: Any, rules: Rules
) -> None:
    desk = await decided(service, rules)

    await corrected(service, desk, patrimony_cents=LIMIT + 1)

    budget = await service.context.load(BUDGETS, "crs-2026-bergamo")
    assert (budget.available_cents, budget.reserved_cents) == (3000000, 0)
    entry = await service.context.load(LEDGER, ledger_id(decision_of(APPLICATION), "release"))
    assert (entry.decision_id, entry.op, entry.cents) == (decision_of(APPLICATION), "release", -180000)
    assert set((await ledger_differences(service.context)).values()) == {0}
    rows = await service.store.query("outbox", {}, [("stamp", 1)])
    assert [row["type"] for row in rows][-2:] == ["decision-annulled.v1", "subsidy-refused.v1"]
    assert json.loads(rows[-2]["payload"]) == {
        "application_id": APPLICATION,
        "report_id": report(1),
        "measure": "crs-2026",
        "decision_id": decision_of(APPLICATION),
        "replaced_by": decision_of(APPLICATION, 1),
        "reason": "wrong-data",
        "budget": "crs-2026-bergamo",
        "released_cents": 180000,
    }
    assert WRONG_DATA.note[:20] not in repr(
        [
            row
            for name in ("outbox", "inbox", "decisions", "private")
            for row in await service.store.query(name, {})
        ]
    )


async def test_a_wrong_province_moves_the_money_to_the_other_budget(service: Any, rules: Rules) -> None:
    desk = await decided(service, rules)

    await corrected(service, desk, tenancy__province="lecco")

    budgets = {one["province"]: one for one in (await service.http.get("/v1/budgets")).json()}
    assert [budgets[name]["reserved_cents"] for name in ("bergamo", "lecco")] == [0, 180000]
    assert set((await ledger_differences(service.context)).values()) == {0}


async def test_an_exhausted_budget_that_a_correction_leaves_exhausted_is_not_announced_again(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=100000)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    await corrected(service, desk_of(service, rules), tenancy__reference_year_services_cents=95000)

    types = await published(service)
    assert types.count("budget-exhausted.v1") == 1
    assert types[-2:] == ["decision-annulled.v1", "subsidy-granted.v1"]


async def test_the_same_disposition_is_not_annulled(service: Any, rules: Rules) -> None:
    desk = await decided(service, rules)

    with pytest.raises(Refused, match="same-disposition"):
        await corrected(service, desk, patrimony_cents=500001)


async def test_a_decision_is_annulled_once_and_the_next_correction_annuls_the_new_one(
    service: Any, rules: Rules
) -> None:
    desk = await decided(service, rules)
    changes: dict[str, Any] = {"patrimony_cents": LIMIT + 1}
    preview = await preview_correction(desk, APPLICATION, data(**changes), WRONG_DATA)
    stale = Confirmation(preview.fingerprint, uuid7(service.now))
    await corrected(service, desk, **changes)

    with pytest.raises(Refused, match="same-disposition"):
        await correct(desk, APPLICATION, data(**changes), WRONG_DATA, stale)
    third = await corrected(service, desk, patrimony_cents=1)

    assert third.decision_id == derive(APPLICATION, "decision/3")
    outcomes = [(await service.http.get(path(1, f"/decisions/{n}"))).json() for n in (1, 2, 3)]
    assert [(one["outcome"], one["reproduced"]) for one in outcomes] == [
        ("granted", True),
        ("refused", True),
        ("granted", True),
    ]
    assert (await service.context.load(BUDGETS, "crs-2026-bergamo")).reserved_cents == 180000


async def test_a_grant_has_a_term_a_refusal_and_a_false_statement_have_none(
    service: Any, rules: Rules
) -> None:
    desk = await decided(service, rules)
    last = add_months(day_in_italy(NOW), 6)
    assert last.isoformat() == "2027-05-23"

    service.now = datetime(2027, 5, 23, 21, 59, tzinfo=UTC)
    await preview_correction(desk, APPLICATION, data(patrimony_cents=LIMIT + 1), WRONG_DATA)
    service.now = datetime(2027, 5, 23, 22, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="annulment-term-over"):
        await corrected(service, desk, patrimony_cents=LIMIT + 1)
    await corrected(
        service, desk, request=replace(WRONG_DATA, reason="false-statement"), patrimony_cents=LIMIT + 1
    )
    service.now = datetime(2029, 1, 1, tzinfo=UTC)
    assert (await corrected(service, desk, patrimony_cents=1)).outcome == "granted"


@pytest.mark.parametrize(
    ("reason", "error"), [("wrong-mood", "unknown-reason"), ("wrong-data", "not-decided")]
)
async def test_what_cannot_be_annulled_is_refused(
    service: Any, rules: Rules, reason: str, error: str
) -> None:
    desk = await decided(service, rules)
    await apply(service, 2)
    number = 2 if error == "not-decided" else 1

    with pytest.raises(Refused, match=error):
        await corrected(service, desk, number, replace(WRONG_DATA, reason=reason), patrimony_cents=LIMIT + 1)


async def test_the_day_of_submission_stays_that_of_the_first_decision(service: Any, rules: Rules) -> None:
    desk = await decided(service, rules)
    service.now = datetime(2027, 2, 1, tzinfo=UTC)  # the attestation ended with 2026

    taken = await corrected(service, desk, tenancy__reference_year_services_cents=100000)

    assert (taken.outcome, taken.amount_cents) == ("granted", 190000)


STEPS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["bergamo", "lecco"]),
        st.sampled_from([1, LIMIT + 1]),
        st.integers(0, 150_000),
    ),
    min_size=1,
    max_size=10,
)


@given(cents=st.integers(1, 400_000), steps=STEPS)
@settings(max_examples=25, deadline=None)
def test_no_sequence_of_decisions_and_annulments_loses_a_cent(cents: int, steps: list[Any]) -> None:
    asyncio.run(_play(cents, steps))


async def _play(cents: int, steps: list[Any]) -> None:
    rules = read_rules(SEED)
    async with MemoryService(Plan("subsidies", REACTIONS, COLLECTIONS, routers), NOW) as service:
        await start(service, rules, bergamo=cents, lecco=50_000)
        desk = desk_of(service, rules)
        for number in (1, 2, 3):
            await apply(service, number)
        for number, province, patrimony, services in steps:
            changes = {
                "tenancy__province": province,
                "patrimony_cents": patrimony,
                "tenancy__reference_year_services_cents": services,
            }
            await _decide_or_correct(service, desk, number, changes)
            await _conserved(service)


async def _decide_or_correct(service: Any, desk: Desk, number: int, changes: dict[str, Any]) -> None:
    application = await service.context.load(APPLICATIONS, application_of(report(number)))
    if application.is_open:
        answer = await service.client("officer").put(path(number, "/data"), json=body(**changes))
        assert answer.status_code == 200
        return
    with suppress(Refused):  # the same disposition is not annulled
        await corrected(service, desk, number, **changes)


async def _conserved(service: Any) -> None:
    budgets = await service.context.list(BUDGETS)
    applications = await service.context.list(APPLICATIONS)
    for budget in budgets:
        granted = sum(one.amount_cents for one in applications if one.budget == budget.code)
        assert budget.allocated_cents - budget.available_cents == budget.reserved_cents == granted
    assert set((await ledger_differences(service.context)).values()) == {0}
