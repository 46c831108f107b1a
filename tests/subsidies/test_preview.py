"""A preview shows every condition and amount, stores nothing, and is what is decided when an officer confirms it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.subsidies.steps import apply, data, desk_of, path, published, report, start

from chassis.errors import Refused
from chassis.ids import uuid7
from subsidies.adapters.rule_files import Rules
from subsidies.app.decide import Confirmation, decide, was_taken_by
from subsidies.app.draft import read_draft, save_draft
from subsidies.app.preview import Preview, preview_decision
from subsidies.handlers.documents import BUDGETS, DRAFTS, application_of

APPLICATION = application_of(report(1))
# Two adults and a child attest a scale of 2.04: 16,000 € + 5,000 € × 2.04.
PATRIMONY_LIMIT = 2620000


def confirm(service: Any, preview: Preview) -> Confirmation:
    return Confirmation(preview.fingerprint, uuid7(service.now))


async def test_a_patrimony_wrong_by_a_cent_is_seen_before_anything_is_decided(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await apply(service, 1)
    desk = desk_of(service, rules)

    over = await preview_decision(desk, APPLICATION, data(patrimony_cents=PATRIMONY_LIMIT + 1))
    within = await preview_decision(desk, APPLICATION, data(patrimony_cents=PATRIMONY_LIMIT))

    [failed] = [one for one in over.explanation["predicates"] if one["outcome"] == "fail"]
    assert (failed["code"], failed["value"], failed["limit"]) == (
        "patrimony-within-limit",
        PATRIMONY_LIMIT + 1,
        PATRIMONY_LIMIT,
    )
    assert (over.explanation["outcome"], within.explanation["outcome"]) == ("refused", "granted")
    assert within.explanation["lines"][0] == {"for": "services", "cents": 90000}
    assert over.fingerprint != within.fingerprint
    assert (await service.http.get(path(1))).json()["status"] == "awaiting-data"
    assert await published(service) == ["documents-requested.v1"]


async def test_what_is_confirmed_is_decided_once(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    desk = desk_of(service, rules)
    confirmation = confirm(service, await preview_decision(desk, APPLICATION, data()))

    taken = await decide(desk, APPLICATION, data(), confirmation)

    assert (taken.outcome, taken.amount_cents) == ("granted", 180000)
    assert (await service.http.get(path(1, "/decision"))).json()["reproduced"]
    assert await was_taken_by(desk, APPLICATION, confirmation.command_id)
    assert not await was_taken_by(desk, APPLICATION, uuid7(service.now))
    with pytest.raises(Refused, match="already-decided"):
        await decide(desk, APPLICATION, data(), confirmation)


@pytest.mark.parametrize("change", ["data", "notice", "pack", "day"])
async def test_a_preview_of_something_else_is_refused(service: Any, rules: Rules, change: str) -> None:
    await start(service, rules)
    await apply(service, 1)
    desk, sent = desk_of(service, rules), data()
    confirmation = confirm(service, await preview_decision(desk, APPLICATION, sent))

    [measure] = rules.measures.measures
    if change == "data":
        sent = data(patrimony_cents=500001)
    elif change == "day":
        service.now += timedelta(days=1)
    else:
        later = replace(measure, notice_on="2026-01-16")
        changed = {"notice": later, "pack": replace(measure, pack="f" * 64)}[change]
        measures = replace(rules.measures, content=change, measures=(changed,))
        packs = (*rules.packs, replace(rules.packs[0], hash="f" * 64))
        await start(service, replace(rules, measures=measures, packs=packs))

    with pytest.raises(Refused, match="preview-outdated"):
        await decide(desk, APPLICATION, sent, confirmation)
    assert (await service.http.get(path(1))).json()["status"] == "awaiting-data"


async def test_money_that_another_grant_takes_meanwhile_asks_for_a_new_preview_when_it_matters(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=400000)
    for number in (1, 2, 3):
        await apply(service, number)
    desk, third = desk_of(service, rules), application_of(report(3))
    first = confirm(service, await preview_decision(desk, APPLICATION, data()))
    last = confirm(service, await preview_decision(desk, third, data()))

    await decide(desk, application_of(report(2)), data(), await _fresh(service, desk, 2))
    assert (await decide(desk, APPLICATION, data(), first)).amount_cents == 180000
    with pytest.raises(Refused, match="preview-outdated"):
        await decide(desk, third, data(), last)


async def _fresh(service: Any, desk: Any, number: int) -> Confirmation:
    return confirm(service, await preview_decision(desk, application_of(report(number)), data()))


async def test_a_draft_keeps_what_was_typed_encrypted_until_it_is_decided(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    desk = desk_of(service, rules)
    typed = {"patrimony": "26.200,0l", "protocol": "INPS-ISEE"}

    await save_draft(desk, APPLICATION, typed)

    assert await read_draft(desk, APPLICATION) == typed
    assert "26.200" not in repr(await service.store.query(DRAFTS.name, {}))
    await decide(desk, APPLICATION, data(), await _fresh(service, desk, 1))
    assert await read_draft(desk, APPLICATION) is None
    [row] = await service.store.query(DRAFTS.name, {})
    assert row["state"]["sealed"] is None


async def test_the_handler_refuses_when_the_money_changes_between_its_check_and_its_commit(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=200000)
    await apply(service, 1)
    desk = desk_of(service, rules)
    confirmation = confirm(service, await preview_decision(desk, APPLICATION, data()))
    load = service.store.get

    async def get_then_spend(collection: str, name: str) -> Any:
        row = await load(collection, name)
        if collection == BUDGETS.name:
            service.store.get = load
            await start(service, rules, bergamo=100000)
        return row

    service.store.get = get_then_spend
    with pytest.raises(Refused, match="preview-outdated"):
        await decide(desk, APPLICATION, data(), confirmation)
