"""Applications: opened by reports, decided once on their data, within the budget of their province."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.subsidies.steps import apply, body, path, published, registered, report, start

from chassis.transaction.inputs import Result
from contracts.intake import ReportWithdrawn
from contracts.topics import BY_NAME
from subsidies.adapters.rule_files import Rules
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    LEDGER,
    application_of,
)
from subsidies.handlers.reactions import REACTIONS, SUBSCRIBES


def test_every_event_of_the_subscribed_topics_has_a_reaction() -> None:
    types = REACTIONS.types()

    assert [event for topic in SUBSCRIBES for event in BY_NAME[topic].events if event not in types] == []


async def test_a_report_about_a_contribution_opens_one_application(service: Any, rules: Rules) -> None:
    await start(service, rules)

    await apply(service, 1)
    again = await service.event(registered(1))
    other = await service.event(registered(2, kind="technical"))

    assert (again.result, other.result) == (Result.AGAIN, Result.IGNORED)
    [row] = (await service.http.get("/v1/applications", params={"report_id": report(1)})).json()
    assert (row["application_id"], row["status"], row["measure"]) == (
        application_of(report(1)),
        "awaiting-data",
        "crs-2026",
    )
    [event] = await service.store.query("outbox", {})
    assert event["type"] == "documents-requested.v1"
    assert json.loads(event["payload"])["documents"] == [
        "isee-attestation",
        "tenancy-contract",
        "household-declaration",
        "arrears-statement",
    ]


async def test_a_report_waits_until_the_measures_are_loaded(service: Any) -> None:
    outcome = await service.event(registered(1))

    assert outcome.result is Result.EARLY


async def test_a_report_before_any_notice_waits_and_is_decided_under_the_next_one(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await service.event(registered(1), now=datetime(2025, 12, 1, tzinfo=UTC))

    [row] = (await service.http.get("/v1/applications", params={"status": "awaiting-measure"})).json()
    answer = await service.http.put(path(1, "/data"), json=body())

    assert row["measure"] == ""
    assert answer.json()["outcome"] == "granted"
    assert (await service.http.get(path(1))).json()["measure"] == "crs-2026"


async def test_data_decide_an_application_reserve_its_money_and_publish_the_decision(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await apply(service, 1)

    answer = await service.http.put(path(1, "/data"), json=body())

    assert answer.status_code == 200
    outcome = answer.json()
    assert (outcome["outcome"], outcome["amount_cents"], outcome["partial"]) == ("granted", 180000, False)
    assert {"isee-below-limit": "pass", "something-due": "pass"}.items() <= {
        one["code"]: one["outcome"] for one in outcome["reasons"]
    }.items()
    assert await published(service) == [
        "documents-requested.v1",
        "application-submitted.v1",
        "subsidy-granted.v1",
    ]
    budget = await service.context.load(BUDGETS, "crs-2026-bergamo")
    assert (budget.available_cents, budget.reserved_cents) == (2820000, 180000)
    entry = await service.context.load(LEDGER, outcome["decision_id"])
    assert (entry.budget, entry.op, entry.cents) == ("crs-2026-bergamo", "reserve", 180000)


async def test_equal_data_return_the_same_answer_and_move_no_money(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    data = body()
    shuffled = dict(reversed(list(data.items())))

    first = await service.http.put(path(1, "/data"), json=data)
    second = await service.http.put(path(1, "/data"), json=shuffled)
    await service.store.delete("inbox", [row["_id"] for row in await service.store.query("inbox", {})])
    after_the_inbox_forgot = await service.http.put(path(1, "/data"), json=data)

    assert first.json() == second.json() == after_the_inbox_forgot.json()
    assert (await service.context.load(BUDGETS, "crs-2026-bergamo")).reserved_cents == 180000


async def test_other_data_after_a_decision_are_refused(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    answer = await service.http.put(path(1, "/data"), json=body(patrimony_cents=1))

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ascolto:problem:already-decided")


async def test_a_withdrawn_report_withdraws_its_application(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    await service.event(ReportWithdrawn(report_id=report(1), reason="mistake"))
    answer = await service.http.put(path(1, "/data"), json=body())

    assert (await service.http.get(path(1))).json()["status"] == "withdrawn"
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ascolto:problem:application-withdrawn")


async def test_a_withdrawal_after_the_decision_or_of_another_report_changes_nothing(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    after = await service.event(ReportWithdrawn(report_id=report(1), reason="mistake"))
    other = await service.event(ReportWithdrawn(report_id=report(2), reason="mistake"))

    assert (after.result, other.result) == (Result.IGNORED, Result.IGNORED)
    assert (await service.http.get(path(1))).json()["status"] == "decided"


async def test_the_last_grant_is_partial_the_next_waits_and_the_exhaustion_is_published_once(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=250000)
    for number in (1, 2, 3):
        await apply(service, number)

    answers = [(await service.http.put(path(number, "/data"), json=body())).json() for number in (1, 2, 3)]

    assert [(one["outcome"], one["amount_cents"], one["partial"]) for one in answers] == [
        ("granted", 180000, False),
        ("granted", 70000, True),
        ("waitlisted", 0, False),
    ]
    types = await published(service)
    assert types.count("budget-exhausted.v1") == 1
    assert types.count("subsidy-waitlisted.v1") == 1
    [bergamo, *_] = (await service.http.get("/v1/budgets")).json()
    assert (bergamo["available_cents"], bergamo["reserved_cents"]) == (0, 250000)


async def test_another_province_spends_its_own_budget(service: Any, rules: Rules) -> None:
    await start(service, rules, bergamo=100)
    await apply(service, 1)

    answer = await service.http.put(path(1, "/data"), json=body(tenancy__province="lecco"))

    assert answer.json()["outcome"] == "granted"
    assert (await service.context.load(BUDGETS, "crs-2026-lecco")).reserved_cents == 180000
    assert (await service.context.load(BUDGETS, "crs-2026-bergamo")).reserved_cents == 0


async def test_a_refusal_changes_no_budget_and_returns_every_reason(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    answer = await service.http.put(
        path(1, "/data"), json=body(attestation__ordinary_cents=1029810, attestation__family_cents=773438)
    )

    outcome = answer.json()
    assert outcome["outcome"] == "refused"
    assert [one for one in outcome["reasons"] if one["outcome"] == "fail"] == [
        {
            "code": "isee-below-limit",
            "comparator": "lt",
            "threshold": "< 9.360,00 €",
            "outcome": "fail",
            "legal": "R.R. 11/2019 art. 6 c. 1 lett. c)",
        }
    ]
    assert await service.store.count(LEDGER.name, {}) == 0
    assert (await service.context.load(BUDGETS, "crs-2026-bergamo")).reserved_cents == 0


async def test_an_application_is_loaded_as_it_was_stored(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    application = await service.context.load(APPLICATIONS, application_of(report(1)))

    assert APPLICATIONS.load(APPLICATIONS.dump(application)) == application
    assert (application.status, application.outcome, application.amount_cents) == (
        "decided",
        "granted",
        180000,
    )
