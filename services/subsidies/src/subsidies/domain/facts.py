"""The facts that rules are evaluated on: the data of one application; money in integer cents, SE in hundredths."""

from dataclasses import dataclass
from datetime import date

from subsidies.domain.days import months_between

Value = int | bool | str | date | tuple[str, ...]


@dataclass(frozen=True)
class Household:
    """The household of the ISEE attestation."""

    members: int
    minors: int
    children: int
    disabled: int
    composition: tuple[str, ...]


@dataclass(frozen=True)
class Arrear:
    """The unpaid amount of one month (YYYY-MM) of `locazione sociale`."""

    period: str
    cents: int


@dataclass(frozen=True)
class Tenancy:
    """The dwelling, its costs and its arrears; the oldest month comes first."""

    province: str
    kind: str
    area: str
    assigned_on: date
    decadenza_acts: tuple[str, ...]
    annual_rent_cents: int
    annual_services_cents: int
    reference_year_services_cents: int
    arrears: tuple[Arrear, ...]
    heating_bonus_cents: int


@dataclass(frozen=True)
class Attestation:
    """The ISEE that INPS attests; `family_cents` is the indicator of L. 199/2025 and decides nothing here."""

    protocol: str
    kind: str
    issued_on: date
    expires_on: date
    ordinary_cents: int
    family_cents: int | None
    ise_cents: int | None
    se_hundredths: int
    anomalies: bool


@dataclass(frozen=True)
class Facts:
    """All facts of one application; `track` is the requested track, None for any."""

    household: Household
    tenancy: Tenancy
    attestation: Attestation
    patrimony_cents: int
    track: str | None


def values_of(facts: Facts, notice_on: date, submitted_on: date) -> dict[str, Value]:
    """The values that a rule pack may name.

    The family indicator is excluded: L. 199/2025 art. 1 c. 208 does not apply it to this contribution.
    """
    tenancy, attestation = facts.tenancy, facts.attestation
    return {
        "isee-ordinary-cents": attestation.ordinary_cents,
        "attestation-kind": attestation.kind,
        "attestation-issued-on": attestation.issued_on,
        "attestation-expires-on": attestation.expires_on,
        "attestation-anomalies": attestation.anomalies,
        "patrimony-cents": facts.patrimony_cents,
        "household-members": facts.household.members,
        "tenancy-kind": tenancy.kind,
        "area": tenancy.area,
        "assigned-months": months_between(tenancy.assigned_on, notice_on),
        "decadenza-acts": tenancy.decadenza_acts,
        "annual-rent-cents": tenancy.annual_rent_cents,
        "annual-services-cents": tenancy.annual_services_cents,
        "reference-year-services-cents": tenancy.reference_year_services_cents,
        "heating-bonus-cents": tenancy.heating_bonus_cents,
        "notice-on": notice_on,
        "submitted-on": submitted_on,
    }


def future_dates(facts: Facts, today: date) -> dict[str, str]:
    """The fields whose day or month is after today, each with the latest value that it may have."""
    day, month = today.isoformat(), today.isoformat()[:7]
    claims = [
        ("tenancy.assigned_on", facts.tenancy.assigned_on.isoformat(), day),
        ("attestation.issued_on", facts.attestation.issued_on.isoformat(), day),
    ]
    claims += [
        (f"tenancy.arrears.{number}.period", row.period, month)
        for number, row in enumerate(facts.tenancy.arrears)
    ]
    return {field: latest for field, claimed, latest in claims if claimed > latest}
