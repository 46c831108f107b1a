"""The data of an application as an officer enters them; unknown fields, rounding and conversions are refused."""

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from chassis.fields import Day, Line
from subsidies.domain.facts import Arrear, Attestation, Facts, Household, Tenancy

ISE_TOLERANCE_CENTS = 1


Cents = Annotated[StrictInt, Field(ge=0, le=10**9, description="Euro cents.")]
People = Annotated[StrictInt, Field(ge=0, le=30)]
DecadenzaAct = Literal["a1", "a2", "a3", "a4", "b", "c", "d", "e", "f", "g", "h", "i", "j", "c4"]
Composition = Literal["working-parents", "working-parents-child-under-3", "single-non-working-parent"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HouseholdData(_Strict):
    """The household of the ISEE attestation."""

    members: Annotated[StrictInt, Field(ge=1, le=30)]
    minors: People = 0
    children: People = Field(
        0, description="Cohabiting children, for the scale's increase from the third on."
    )
    disabled: People = 0
    composition: tuple[Composition, ...] = ()

    @field_validator("minors", "children", "disabled")
    @classmethod
    def _within(cls, value: int, info: ValidationInfo) -> int:
        members = info.data.get("members", value)
        if value > members:
            raise ValueError(f"there are {members} members; write {members} at most")
        return value


class ArrearData(_Strict):
    """The unpaid amount of one month of `locazione sociale`."""

    period: Annotated[str, Field(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$", description="YYYY-MM")]
    cents: Annotated[StrictInt, Field(gt=0, le=10**9)]


class TenancyData(_Strict):
    """The dwelling, its costs and its arrears."""

    province: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="bergamo, lecco or sondrio.")
    ]
    kind: Literal["sap", "sas"] = Field(description="Servizio abitativo pubblico or sociale.")
    area: Literal["protezione", "accesso", "permanenza", "decadenza"] = Field(
        description="Art. 31 L.R. 27/2009."
    )
    assigned_on: Day
    decadenza_acts: tuple[DecadenzaAct, ...] = Field(
        (), description="Acts under R.R. 4/2017 art. 25: c. 1 letters, c4."
    )
    annual_rent_cents: Cents = 0
    annual_services_cents: Cents = 0
    reference_year_services_cents: Cents = 0
    arrears: Annotated[tuple[ArrearData, ...], Field(max_length=600)] = ()
    heating_bonus_cents: Cents = Field(0, description="Heating bonus already received in the year.")

    @field_validator("arrears")
    @classmethod
    def _oldest_first(cls, rows: tuple[ArrearData, ...]) -> tuple[ArrearData, ...]:
        periods = [row.period for row in rows]
        if periods != sorted(set(periods)):
            raise ValueError("write each month once, the oldest first")
        return rows


class AttestationData(_Strict):
    """The ISEE attestation of INPS."""

    protocol: Annotated[Line, Field(max_length=60)]
    kind: Literal["ordinario", "corrente"]
    issued_on: Day
    expires_on: Day
    se_hundredths: Annotated[StrictInt, Field(ge=100, le=2000, description="Scale of equivalence times 100.")]
    ordinary_cents: Cents
    family_cents: Cents | None = Field(None, description="L. 199/2025 art. 1 c. 208; stored, never decisive.")
    ise_cents: Cents | None = None
    anomalies: StrictBool = Field(description="Omissioni o difformità on the attestation.")

    @field_validator("expires_on")
    @classmethod
    def _after_issue(cls, value: date, info: ValidationInfo) -> date:
        issued = info.data.get("issued_on", value)
        if value < issued:
            raise ValueError(f"write a day that is not before issued_on, {issued.isoformat()}")
        return value

    @field_validator("ise_cents")
    @classmethod
    def _is_isee_times_scale(cls, value: int | None, info: ValidationInfo) -> int | None:
        scale, ordinary = info.data.get("se_hundredths"), info.data.get("ordinary_cents")
        if value is None or scale is None or ordinary is None:
            return value
        if abs(value * 100 - ordinary * scale) > ISE_TOLERANCE_CENTS * scale:
            raise ValueError(
                "ISE divided by the scale is not ordinary_cents; copy the three again, or leave ISE out"
            )
        return value


class ApplicationData(_Strict):
    """All data of one application."""

    household: HouseholdData
    tenancy: TenancyData
    attestation: AttestationData
    patrimony_cents: Cents
    track: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="indigent or proven-difficulty; without it, the first track whose conditions hold."
    )

    def canonical(self) -> bytes:
        """The JSON of the data with fields in their declared order; equal data have equal bytes."""
        return self.model_dump_json().encode()

    def facts(self) -> Facts:
        """The data as facts of the domain."""
        household, tenancy, attestation = self.household, self.tenancy, self.attestation
        arrears = tuple(Arrear(row.period, row.cents) for row in tenancy.arrears)
        return Facts(
            household=Household(**household.model_dump()),
            tenancy=Tenancy(**tenancy.model_dump(exclude={"arrears"}), arrears=arrears),
            attestation=Attestation(**attestation.model_dump()),
            patrimony_cents=self.patrimony_cents,
            track=self.track,
        )
