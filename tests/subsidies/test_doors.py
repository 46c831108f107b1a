"""Subsidies from outside: its HTTP door and its table, over a store in memory."""

import copy
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.errors import Refused
from chassis.sealing import Sealer
from chassis.transaction.inputs import Result
from contracts.intake import ReportRegistered, ReportWithdrawn
from contracts.topics import BY_NAME
from subsidies.adapters.rule_files import Rules, read_rules
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.canonical import canonical, digest_of
from subsidies.domain.reproduction import reproduce
from subsidies.entrypoints.startup import put_in_force
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    DECISIONS,
    LEDGER,
    PACKS,
    PRIVATE,
    application_of,
    decision_of,
)
from subsidies.handlers.reactions import REACTIONS, SUBSCRIBES

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = b"an invented secret of 32 bytes.."
SEED = Path(__file__).parents[2] / "deploy" / "seed" / "subsidies"
APPLICANT = Path(__file__).parent / "scenarios" / "_applicant.yaml"


def report(number: int) -> str:
    return f"0190a000-0000-7000-8000-{number:012d}"


def registered(number: int, kind: str = "contribution") -> ReportRegistered:
    return ReportRegistered(
        report_id=report(number),
        category="contributo",
        kind=kind,
        urgency="a",
        place_id="bg-monterosso",
        neighbourhood="monterosso",
        province="bergamo",
        channel="web",
        language="it",
        heard_at=NOW,
    )


def body(**changes: Any) -> dict[str, Any]:
    """The applicant of the scenarios, as JSON; `part__field` changes one field."""
    raw = yaml.safe_load(APPLICANT.read_text(encoding="utf-8"))
    for name in ("notice_on", "submitted_on", "available_cents"):
        del raw[name]
    made: dict[str, Any] = json.loads(json.dumps(raw, default=str))
    for name, value in changes.items():
        part, _, field = name.partition("__")
        if field:
            made[part][field] = value
        else:
            made[part] = value
    return made


def path(number: int, rest: str = "") -> str:
    return f"/v1/applications/{application_of(report(number))}{rest}"


async def start(service: Any, rules: Rules, **cents: int) -> None:
    """Seed the service, with other allocations where a test needs them."""
    budgets = [
        replace(one, allocated_cents=cents.get(one.province, one.allocated_cents)) for one in rules.budgets
    ]
    await put_in_force(service.context, rules.packs, budgets, rules.measures)


async def apply(service: Any, number: int) -> None:
    outcome = await service.hear(registered(number))
    assert outcome.result is Result.DONE, outcome.error


async def said(service: Any) -> list[str]:
    rows = await service.store.query("outbox", {}, [("stamp", 1)])
    return [row["type"] for row in rows]


def test_every_event_of_the_topics_it_hears_has_a_line() -> None:
    types = REACTIONS.types()

    assert [event for topic in SUBSCRIBES for event in BY_NAME[topic].events if event not in types] == []


async def test_a_report_about_a_contribution_opens_one_application(service: Any, rules: Rules) -> None:
    await start(service, rules)

    await apply(service, 1)
    again = await service.hear(registered(1))
    other = await service.hear(registered(2, kind="technical"))

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
    outcome = await service.hear(registered(1))

    assert outcome.result is Result.EARLY


async def test_a_report_before_any_notice_is_kept_and_decided_under_the_next_one(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await service.hear(registered(1), now=datetime(2025, 12, 1, tzinfo=UTC))

    [row] = (await service.http.get("/v1/applications", params={"status": "awaiting-measure"})).json()
    answer = await service.http.put(path(1, "/data"), json=body())

    assert row["measure"] == ""
    assert answer.json()["outcome"] == "granted"
    assert (await service.http.get(path(1))).json()["measure"] == "crs-2026"


async def test_data_decide_an_application_reserve_its_money_and_say_so(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    answer = await service.http.put(path(1, "/data"), json=body())

    assert answer.status_code == 200
    told = answer.json()
    assert (told["outcome"], told["amount_cents"], told["partial"]) == ("granted", 180000, False)
    assert {"isee-below-limit": "pass", "something-due": "pass"}.items() <= {
        one["code"]: one["outcome"] for one in told["reasons"]
    }.items()
    assert await said(service) == ["documents-requested.v1", "application-submitted.v1", "subsidy-granted.v1"]
    budget = await service.context.load(BUDGETS, "crs-2026-bergamo")
    assert (budget.available_cents, budget.reserved_cents) == (2820000, 180000)
    entry = await service.context.load(LEDGER, told["decision_id"])
    assert (entry.budget, entry.op, entry.cents) == ("crs-2026-bergamo", "reserve", 180000)


async def test_the_same_data_again_get_the_same_answer_and_move_no_money(service: Any, rules: Rules) -> None:
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


async def test_a_withdrawn_report_takes_its_application_back(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    await service.hear(ReportWithdrawn(report_id=report(1), reason="mistake"))
    answer = await service.http.put(path(1, "/data"), json=body())

    assert (await service.http.get(path(1))).json()["status"] == "withdrawn"
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ascolto:problem:application-withdrawn")


async def test_a_withdrawal_after_the_decision_or_about_something_else_changes_nothing(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    after = await service.hear(ReportWithdrawn(report_id=report(1), reason="mistake"))
    other = await service.hear(ReportWithdrawn(report_id=report(2), reason="mistake"))

    assert (after.result, other.result) == (Result.IGNORED, Result.IGNORED)
    assert (await service.http.get(path(1))).json()["status"] == "decided"


async def test_the_last_grant_is_partial_the_next_waits_and_the_end_is_said_once(
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
    types = await said(service)
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


async def test_a_refusal_touches_no_budget_and_tells_every_reason(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    answer = await service.http.put(
        path(1, "/data"), json=body(attestation__ordinary_cents=1029810, attestation__family_cents=773438)
    )

    told = answer.json()
    assert told["outcome"] == "refused"
    assert [one for one in told["reasons"] if one["outcome"] == "fail"] == [
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


async def test_a_decision_explains_itself_with_values_in_italian(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body(attestation__ordinary_cents=936000))

    told = (await service.http.get(path(1, "/decision"))).json()

    assert (told["reproduced"], told["erased"], told["pack_hash"]) == (True, False, rules.packs[0].hash)
    explanation = told["explanation"]
    [failed] = [one for one in explanation["predicates"] if one["outcome"] == "fail"]
    assert (failed["value"], failed["limit"]) == (936000, 936000)
    assert failed["text"] == (
        "L'ISEE ordinario 9.360,00 € non è inferiore a 9.360,00 €. (R.R. 11/2019 art. 6 c. 1 lett. c))"
    )
    assert explanation["text"].splitlines()[1] == "La domanda non può essere accolta."
    assert [one["days"] for one in explanation["appeal"]["remedies"]] == [60, 120]
    assert "entro 60 giorni" in explanation["text"]
    assert explanation["lines"] == []


async def test_a_grant_tells_which_charges_it_pays(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body(attestation__se_hundredths=224))

    explanation = (await service.http.get(path(1, "/decision"))).json()["explanation"]

    assert explanation["lines"] == [
        {"for": "services", "cents": 90000},
        {"for": "arrears:2025-01", "cents": 30000},
        {"for": "arrears:2025-02", "cents": 30000},
        {"for": "arrears:2025-03", "cents": 30000},
    ]
    assert "- morosità pregressa 2025-02: 300,00 €" in explanation["text"]
    assert "attestata (2,24)" in explanation["warnings"][0]


async def test_a_decision_replays_byte_for_byte_from_the_sealed_data_and_the_pack(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=100000)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    application_id = application_of(report(1))
    record = await service.context.load(DECISIONS, decision_of(application_id))
    private = await service.context.load(PRIVATE, application_id)
    pack = await service.context.load(PACKS, record.pack_hash)

    opened = ApplicationDataEncryption(SECRET).decrypt(private.sealed)
    assert opened is not None
    facts, salt = opened
    first, second = reproduce(record, pack.text, facts), reproduce(record, pack.text, facts)

    assert canonical(first) == canonical(second)
    assert digest_of(first, salt) == record.digest
    assert (first["outcome"], first["amount_cents"], first["partial"]) == (
        record.outcome,
        record.amount_cents,
        True,
    )
    altered = replace(facts, patrimony_cents=facts.patrimony_cents + 1)
    assert digest_of(reproduce(record, pack.text, altered), salt) != record.digest


async def test_a_decision_under_a_former_pack_and_former_data_stays_as_it_was(
    service: Any, rules: Rules, tmp_path: Path
) -> None:
    seed = Path(shutil.copytree(SEED, tmp_path / "seed"))
    pack = seed / "crs-2019.yaml"
    former = pack.read_text(encoding="utf-8").replace(
        "threshold: {same_as: notice-on}\n    pass: \"L'att",
        "threshold: {same_as: submitted-on}\n    pass: \"L'att",
    )
    assert former != pack.read_text(encoding="utf-8")
    pack.write_text(former, encoding="utf-8")
    before = read_rules(seed)
    await start(service, before)
    await apply(service, 1)
    await apply(service, 2)
    later = body(attestation__issued_on="2026-02-01")
    first = (await service.http.put(path(1, "/data"), json=later)).json()
    application_id = application_of(report(1))
    sealed = await service.context.load(PRIVATE, application_id)
    opened = Sealer(SECRET).open(sealed.sealed)
    data = json.loads(opened["data"])
    data["attestation"]["protocol"] = "INPS\x00 as it was once taken"
    resealed = Sealer(SECRET).seal(application_id, opened | {"data": json.dumps(data)})
    [row] = await service.store.query(PRIVATE.name, {})
    row["state"]["sealed"] |= {"key": resealed.key, "fields": dict(resealed.fields)}
    service.store.commit({(PRIVATE.name, row["_id"]): row})

    await start(service, rules)
    told = (await service.http.get(path(1, "/decision"))).json()
    second = (await service.http.put(path(2, "/data"), json=later)).json()

    assert (told["outcome"], told["reproduced"]) == (first["outcome"], True) == ("granted", True)
    assert told["pack_hash"] == before.packs[0].hash != rules.packs[0].hash
    assert second["outcome"] == "refused"


async def test_what_began_after_the_notice_is_refused_in_words_that_say_so(
    service: Any, rules: Rules
) -> None:
    await start(service, rules)
    await apply(service, 1)
    late = body(attestation__issued_on="2026-02-01", tenancy__assigned_on="2026-03-01")

    answer = (await service.http.put(path(1, "/data"), json=late)).json()
    text = (await service.http.get(path(1, "/decision"))).json()["explanation"]["text"]

    assert [one["code"] for one in answer["reasons"] if one["outcome"] == "fail"] == [
        "assigned-by-notice",
        "attestation-issued-by-notice",
    ]
    assert "- L'alloggio è stato assegnato dopo la data dell'avviso: conta per un avviso successivo." in text
    assert "rilasciata il 01/02/2026, dopo la data dell'avviso (15/01/2026)" in text
    assert "-1 mesi" not in text


async def test_erased_data_leave_the_rules_and_outcomes_of_a_decision(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    [row] = await service.store.query(PRIVATE.name, {})
    row["state"]["sealed"]["key"] = b""
    service.store.commit({(PRIVATE.name, row["_id"]): row})

    told = (await service.http.get(path(1, "/decision"))).json()

    assert (told["erased"], told["explanation"], told["reproduced"]) == (True, None, None)
    assert [one["legal"] for one in told["reasons"]]


async def test_no_personal_value_is_kept_in_clear_or_said(service: Any, rules: Rules) -> None:
    marks = (723457, 509871, 41237)
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(
        path(1, "/data"),
        json=body(
            attestation__ordinary_cents=marks[0],
            patrimony_cents=marks[1],
            tenancy__heating_bonus_cents=marks[2],
        ),
    )

    kept = [
        repr(row)
        for name in ("outbox", "inbox", "applications", "private", "decisions", "budgets", "ledger")
        for row in await service.store.query(name, {})
    ]

    assert [text for text in kept for mark in (*marks, "INPS-ISEE") if str(mark) in text] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"attestation__ordinary_cents": 9360.00}, "attestation.ordinary_cents"),
        ({"attestation__ordinary_cents": "936000"}, "attestation.ordinary_cents"),
        ({"attestation__ordinary_cents": True}, "attestation.ordinary_cents"),
        ({"attestation__ordinary_cents": -1}, "attestation.ordinary_cents"),
        ({"attestation__ise_cents": 1_000_000}, "attestation.ise_cents"),
        ({"attestation__expires_on": "2026-01-09"}, "attestation.expires_on"),
        ({"attestation__expires_on": 20261231}, "attestation.expires_on"),
        (
            {"attestation__issued_on": "2026-11-24", "attestation__expires_on": "2026-12-31"},
            "attestation.issued_on",
        ),
        ({"attestation__se_hundredths": 203}, "attestation.se_hundredths"),
        ({"attestation__isee": 1}, "attestation.isee"),
        ({"attestation__anomalies": "no"}, "attestation.anomalies"),
        ({"household__minors": 4}, "household.minors"),
        ({"household__members": 0}, "household.members"),
        ({"household__composition": ["rich"]}, "household.composition.0"),
        ({"tenancy__province": "como"}, "tenancy.province"),
        (
            {"tenancy__arrears": [{"period": "2025-02", "cents": 1}, {"period": "2025-01", "cents": 1}]},
            "tenancy.arrears",
        ),
        ({"tenancy__arrears": [{"period": "2025-13", "cents": 1}]}, "tenancy.arrears.0.period"),
        ({"tenancy__decadenza_acts": ["z"]}, "tenancy.decadenza_acts.0"),
        ({"tenancy__assigned_on": "2027-01-01"}, "tenancy.assigned_on"),
        ({"tenancy__assigned_on": "2019-05-10T00:00:00"}, "tenancy.assigned_on"),
        ({"tenancy__assigned_on": "20190510"}, "tenancy.assigned_on"),
        ({"tenancy__assigned_on": "1550-01-01"}, "tenancy.assigned_on"),
        ({"tenancy__arrears": [{"period": "2026-12", "cents": 1}]}, "tenancy.arrears.0.period"),
        ({"attestation__protocol": "INPS\x00"}, "attestation.protocol"),
        ({"attestation__protocol": "\u200b"}, "attestation.protocol"),
        ({"attestation__protocol": " "}, "attestation.protocol"),
        ({"attestation__protocol": "INPS\nISEE"}, "attestation.protocol"),
        ({"attestation__protocol": "INPS\u202eEESI"}, "attestation.protocol"),
        ({"attestation__protocol": "x" * 61}, "attestation.protocol"),
        ({"track": "rich"}, "track"),
    ],
)
async def test_a_wrong_field_is_named_with_its_fix_and_decides_nothing(
    service: Any, rules: Rules, changes: dict[str, Any], field: str
) -> None:
    await start(service, rules)
    await apply(service, 1)

    answer = await service.http.put(path(1, "/data"), json=body(**changes))

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["fix"]
    assert (await service.http.get(path(1))).json()["status"] == "awaiting-data"


async def test_what_is_not_there_is_not_found(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)

    answers = [
        await service.http.put(path(9, "/data"), json=body()),
        await service.http.get(path(9)),
        await service.http.get(path(1, "/decision")),
    ]

    assert [one.status_code for one in answers] == [404, 404, 404]


@pytest.mark.parametrize(
    "address", ["/v1/applications", "/v1/budgets", "/v1/applications/x", "/v1/applications/x/decision"]
)
async def test_only_officers_pass(service: Any, address: str) -> None:
    nobody = await service.http.get(address, headers={"Authorization": ""})
    operator = await service.http.get(address, headers={"Authorization": "Bearer op"})

    assert (nobody.status_code, operator.status_code) == (401, 403)


async def test_a_restart_never_fills_a_budget_up_again(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    before = copy.deepcopy(await service.store.query(BUDGETS.name, {}))

    await start(service, rules)

    assert await service.store.query(BUDGETS.name, {}) == before


async def test_an_allocation_follows_its_file_there_and_back_and_never_below_what_is_spent(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=250000)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    seen = []
    for cents in (300000, 250000, 300000, 180000):
        await start(service, rules, bergamo=cents)
        budget = await service.context.load(BUDGETS, "crs-2026-bergamo")
        seen.append((budget.allocated_cents, budget.available_cents, budget.reserved_cents))

    assert seen == [
        (300000, 120000, 180000),
        (250000, 70000, 180000),
        (300000, 120000, 180000),
        (180000, 0, 180000),
    ]
    assert (await said(service)).count("budget-exhausted.v1") == 1
    with pytest.raises(Refused, match="budget-below-spent"):
        await start(service, rules, bergamo=179999)


async def test_a_budget_keeps_its_measure_and_province(service: Any, rules: Rules) -> None:
    await start(service, rules)
    moved = AllocateBudget("crs-2026-lecco", "crs-2026", "sondrio", 800000)

    with pytest.raises(Refused, match="budget-moved"):
        await put_in_force(service.context, (), (moved,), rules.measures)


async def test_an_application_is_kept_as_it_was(service: Any, rules: Rules) -> None:
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
