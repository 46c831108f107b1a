"""The API refuses wrong fields, unknown ids and other roles than officer."""

from typing import Any

import pytest
from tests.subsidies.steps import apply, body, path, start

from subsidies.adapters.rule_files import Rules


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


async def test_unknown_ids_are_not_found(service: Any, rules: Rules) -> None:
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
async def test_only_officers_are_admitted(service: Any, address: str) -> None:
    nobody = await service.http.get(address, headers={"Authorization": ""})
    operator = await service.http.get(address, headers={"Authorization": "Bearer op"})

    assert (nobody.status_code, operator.status_code) == (401, 403)
