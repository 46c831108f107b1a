"""Decisions: explained in Italian, reproducible byte for byte, and without personal values in clear."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.subsidies.steps import SECRET, SEED, apply, body, path, report, start

from chassis.sealing import Sealer
from subsidies.adapters.rule_files import Rules, read_rules
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.domain.canonical import canonical, digest_of
from subsidies.domain.reproduction import reproduce
from subsidies.handlers.documents import (
    DECISIONS,
    PACKS,
    PRIVATE,
    application_of,
    decision_of,
)


async def test_a_decision_explains_itself_with_values_in_italian(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body(attestation__ordinary_cents=936000))

    decision = (await service.http.get(path(1, "/decision"))).json()

    assert (decision["reproduced"], decision["erased"], decision["pack_hash"]) == (
        True,
        False,
        rules.packs[0].hash,
    )
    explanation = decision["explanation"]
    [failed] = [one for one in explanation["predicates"] if one["outcome"] == "fail"]
    assert (failed["value"], failed["limit"]) == (936000, 936000)
    assert failed["text"] == (
        "L'ISEE ordinario 9.360,00 € non è inferiore a 9.360,00 €. (R.R. 11/2019 art. 6 c. 1 lett. c))"
    )
    assert explanation["text"].splitlines()[1] == "La domanda non può essere accolta."
    assert [one["days"] for one in explanation["appeal"]["remedies"]] == [60, 120]
    assert "entro 60 giorni" in explanation["text"]
    assert explanation["lines"] == []


async def test_a_grant_lists_the_charges_it_pays(service: Any, rules: Rules) -> None:
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


async def test_a_decision_is_reproduced_byte_for_byte_from_the_encrypted_data_and_the_pack(
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
    facts, salt = opened.facts, opened.salt
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


async def test_a_decision_under_an_earlier_pack_and_earlier_data_is_still_reproduced(
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
    decision = (await service.http.get(path(1, "/decision"))).json()
    second = (await service.http.put(path(2, "/data"), json=later)).json()

    assert (decision["outcome"], decision["reproduced"]) == (first["outcome"], True) == ("granted", True)
    assert decision["pack_hash"] == before.packs[0].hash != rules.packs[0].hash
    assert second["outcome"] == "refused"


async def test_a_date_after_the_notice_is_refused_and_the_text_gives_the_reason(
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


async def test_after_erasure_a_decision_keeps_its_rules_and_outcomes(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    [row] = await service.store.query(PRIVATE.name, {})
    row["state"]["sealed"]["key"] = b""
    service.store.commit({(PRIVATE.name, row["_id"]): row})

    decision = (await service.http.get(path(1, "/decision"))).json()

    assert (decision["erased"], decision["explanation"], decision["reproduced"]) == (True, None, None)
    assert [one["legal"] for one in decision["reasons"]]


async def test_no_personal_value_is_stored_in_clear_or_published(service: Any, rules: Rules) -> None:
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

    rows = [
        repr(row)
        for name in ("outbox", "inbox", "applications", "private", "decisions", "budgets", "ledger")
        for row in await service.store.query(name, {})
    ]

    assert [text for text in rows for mark in (*marks, "INPS-ISEE") if str(mark) in text] == []
