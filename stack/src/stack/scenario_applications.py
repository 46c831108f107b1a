"""Application data of invented households, such that a scenario has every outcome."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

Data = dict[str, Any]

SCALE = (100, 157, 204, 246, 285)
# The date of the shipped notice (deploy/seed/subsidies/measures.yaml), to which the conditions refer.
NOTICE = date(2026, 1, 15)
ELIGIBLE, REFUSED = "eligible", "refused"


def contribution_cases(rng: random.Random, count: int, today: date) -> list[tuple[Data, str]]:
    """The data of `count` applications, each with the outcome of the rules: eligible (the budget decides the rest) or
    refused."""
    # Two in three are eligible, so that small budgets run out.
    cycle: tuple[tuple[Callable[[Data], None], str], ...] = (
        (_in_difficulty, ELIGIBLE),
        (_indigent, ELIGIBLE),
        (_too_well_off, REFUSED),
        (_in_difficulty, ELIGIBLE),
        (_assigned_lately, REFUSED),
        (_in_difficulty, ELIGIBLE),
        (_indigent, ELIGIBLE),
        (_too_rich, REFUSED),
        (_in_difficulty, ELIGIBLE),
        (_with_anomalies, REFUSED),
        (_in_difficulty, ELIGIBLE),
        (_in_difficulty, ELIGIBLE),
    )
    found = []
    for number in range(count):
        change, expect = cycle[number % len(cycle)]
        data = _household(rng, number, today)
        change(data)
        found.append((data, expect))
    rng.shuffle(found)
    return found


def _household(rng: random.Random, number: int, today: date) -> Data:
    members = rng.randint(1, 5)
    children = rng.randint(0, max(0, members - 1))
    arrears = [
        {"period": f"{today.year - 1}-{month:02d}", "cents": rng.randrange(8_000, 26_000)}
        for month in range(1, rng.randint(3, 9))
    ]
    return {
        "household": {"members": members, "minors": children, "children": children},
        "tenancy": {
            "province": "",
            "kind": "sap",
            "area": rng.choice(["protezione", "accesso", "permanenza"]),
            "assigned_on": date(rng.randint(2005, NOTICE.year - 5), rng.randint(1, 12), 1).isoformat(),
            "annual_rent_cents": rng.randrange(60_000, 240_000),
            "annual_services_cents": rng.randrange(30_000, 110_000),
            "reference_year_services_cents": rng.randrange(40_000, 140_000),
            "arrears": arrears,
        },
        "attestation": {
            "protocol": f"INPS-ISEE-{today.year}-ESEMPIO-{number:05d}",
            "kind": "ordinario",
            "issued_on": (min(today, NOTICE) - timedelta(days=rng.randint(0, 12))).isoformat(),
            "expires_on": date(today.year, 12, 31).isoformat(),
            "se_hundredths": SCALE[members - 1],
            "ordinary_cents": rng.randrange(310_000, 900_000),
            "anomalies": False,
        },
        "patrimony_cents": rng.randrange(0, 1_500_000),
    }


def _in_difficulty(_data: Data) -> None:
    """All conditions are met."""


def _indigent(data: Data) -> None:
    data["attestation"]["ordinary_cents"] = 150_000 + data["patrimony_cents"] % 100_000
    data["tenancy"]["assigned_on"] = date(NOTICE.year - 1, 3, 1).isoformat()


def _too_well_off(data: Data) -> None:
    data["attestation"]["ordinary_cents"] += 1_000_000


def _assigned_lately(data: Data) -> None:
    data["tenancy"]["assigned_on"] = date(NOTICE.year - 1, 6, 1).isoformat()


def _too_rich(data: Data) -> None:
    data["patrimony_cents"] += 9_000_000


def _with_anomalies(data: Data) -> None:
    data["attestation"]["anomalies"] = True
