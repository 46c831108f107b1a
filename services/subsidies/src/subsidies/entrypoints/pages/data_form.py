"""The form of an application's data: what was typed, the data it stands for, and every error beside its field."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.datastructures import FormData
from pydantic import ValidationError

from subsidies.app.application_data import ApplicationData
from subsidies.domain.facts import Facts
from subsidies.entrypoints.pages.italian import (
    Unreadable,
    read_day,
    read_hundredths,
    read_money,
    read_month,
    read_number,
    write_day,
    write_hundredths,
    write_money,
    write_month,
)

FEWEST_ROWS, MOST_ROWS, MORE_ROWS = 4, 240, 6
LONGEST = 4000
Typed = Mapping[str, str]


def _words(text: str) -> list[str]:
    return text.split()


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise Unreadable("choice")
    return text == "yes"


def _optional(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if text.strip() else None


def _or_zero(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if text.strip() else 0


def _required(read: Callable[[str], Any], code: str = "required") -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        if not text.strip():
            raise Unreadable(code)
        return read(text)

    return checked


@dataclass(frozen=True)
class Control:
    """One control of the form: its name, the path of its value in the data, and how its text is read."""

    name: str
    path: str
    read: Callable[[str], Any]
    wrong: str = "invalid"


# In the order of the form. `wrong` is the error when the text can be read and the value contradicts another one.
CONTROLS = (
    Control("members", "household.members", _required(read_number), "members"),
    Control("minors", "household.minors", _or_zero(read_number), "more-than-members"),
    Control("children", "household.children", _or_zero(read_number), "more-than-members"),
    Control("disabled", "household.disabled", _or_zero(read_number), "more-than-members"),
    Control("composition", "household.composition", _words),
    Control("province", "tenancy.province", _required(str, "choice"), "choice"),
    Control("kind", "tenancy.kind", _required(str, "choice"), "choice"),
    Control("area", "tenancy.area", _required(str, "choice"), "choice"),
    Control("assigned_on", "tenancy.assigned_on", _required(read_day)),
    Control("decadenza_acts", "tenancy.decadenza_acts", _words),
    Control("annual_rent", "tenancy.annual_rent_cents", _or_zero(read_money)),
    Control("annual_services", "tenancy.annual_services_cents", _or_zero(read_money)),
    Control("reference_services", "tenancy.reference_year_services_cents", _or_zero(read_money)),
    Control("heating_bonus", "tenancy.heating_bonus_cents", _or_zero(read_money)),
    Control("protocol", "attestation.protocol", _required(str.strip), "protocol"),
    Control("attestation_kind", "attestation.kind", _required(str, "choice"), "choice"),
    Control("issued_on", "attestation.issued_on", _required(read_day)),
    Control("expires_on", "attestation.expires_on", _required(read_day), "before-issue"),
    Control("scale", "attestation.se_hundredths", _required(read_hundredths)),
    Control("isee", "attestation.ordinary_cents", _required(read_money)),
    Control("ise", "attestation.ise_cents", _optional(read_money), "ise"),
    Control("family", "attestation.family_cents", _optional(read_money)),
    Control("anomalies", "attestation.anomalies", _required(_yes_or_no, "choice"), "choice"),
    Control("patrimony", "patrimony_cents", _required(read_money)),
    Control("track", "track", _optional(str), "choice"),
)
BY_PATH = {control.path: control for control in CONTROLS}
SEVERAL = ("composition", "decadenza_acts")
CORRECTION = ("reason", "note")
EXTRA = ("rows", *CORRECTION)


@dataclass(frozen=True)
class Reading:
    """What the typed text stands for: the data, or the code of each error by the name of its control.

    `rows` are the typed rows of arrears in the order of the data, which is by month.
    """

    data: ApplicationData | None
    errors: Mapping[str, str]
    rows: tuple[int, ...] = ()

    def control_of(self, path: str) -> str:
        """The name of the control whose value has this path in the data; empty when there is none."""
        if path.startswith("tenancy.arrears."):
            row, _, field = path.removeprefix("tenancy.arrears.").partition(".")
            typed = self.rows[int(row)] if row.isdigit() and int(row) < len(self.rows) else 0
            return f"arrears-{typed}-{'month' if field == 'period' else 'euro'}"
        if path == "reason":
            return path
        return BY_PATH[path].name if path in BY_PATH else ""


def typed_in(form: FormData) -> dict[str, str]:
    """What was typed, by the name of the control; of other fields nothing is kept."""
    names = [control.name for control in CONTROLS] + list(EXTRA)
    names += [name for name in form if name.startswith("arrears-")][: 2 * MOST_ROWS]
    return {
        name: " ".join(map(str, form.getlist(name))) if name in SEVERAL else str(form.get(name, ""))[:LONGEST]
        for name in dict.fromkeys(names)
    }


def rows_shown(typed: Typed) -> int:
    """How many rows of arrears the form shows: one more than are filled in, and those that were asked for."""
    wanted = int(typed["rows"]) if typed.get("rows", "").isdigit() else 0
    filled = max(_filled_rows(typed), default=-1) + 2
    return min(MOST_ROWS, max(FEWEST_ROWS, wanted, filled))


def read_typed(typed: Typed) -> Reading:
    """The data that the typed text stands for; with errors, all of them in the order of the form."""
    body: dict[str, Any] = {"household": {}, "tenancy": {}, "attestation": {}}
    errors: dict[str, str] = {}
    for control in CONTROLS:
        try:
            _place(body, control.path, control.read(typed.get(control.name, "")))
        except Unreadable as unreadable:
            errors[control.name] = unreadable.code
    arrears, rows = _read_arrears(typed, errors)
    body["tenancy"]["arrears"] = arrears
    if errors:
        return Reading(None, ordered(errors))
    try:
        return Reading(ApplicationData.model_validate(body), {}, rows)
    except ValidationError as error:
        return Reading(None, ordered(_contradictions(error)))


def ordered(errors: Mapping[str, str]) -> dict[str, str]:
    """Errors in the order of the form: the rows of arrears come after the tenancy."""
    names = [*CORRECTION, *(control.name for control in CONTROLS)]
    arrears = names.index("heating_bonus") + 0.5

    def place(name: str) -> tuple[float, int, str]:
        if name.startswith("arrears-"):
            return arrears, int(name.split("-")[1]), "0" if name.endswith("month") else "1"
        return (names.index(name) if name in names else -1), 0, name

    return {name: errors[name] for name in sorted(errors, key=place)}


def typed_of(facts: Facts) -> dict[str, str]:
    """The text that stands for these facts, to begin a correction with."""
    household, tenancy, attestation = facts.household, facts.tenancy, facts.attestation
    typed = {
        "members": str(household.members),
        "minors": str(household.minors),
        "children": str(household.children),
        "disabled": str(household.disabled),
        "composition": " ".join(household.composition),
        "province": tenancy.province,
        "kind": tenancy.kind,
        "area": tenancy.area,
        "assigned_on": write_day(tenancy.assigned_on),
        "decadenza_acts": " ".join(tenancy.decadenza_acts),
        "annual_rent": write_money(tenancy.annual_rent_cents),
        "annual_services": write_money(tenancy.annual_services_cents),
        "reference_services": write_money(tenancy.reference_year_services_cents),
        "heating_bonus": write_money(tenancy.heating_bonus_cents),
        "protocol": attestation.protocol,
        "attestation_kind": attestation.kind,
        "issued_on": write_day(attestation.issued_on),
        "expires_on": write_day(attestation.expires_on),
        "scale": write_hundredths(attestation.se_hundredths),
        "isee": write_money(attestation.ordinary_cents),
        "ise": "" if attestation.ise_cents is None else write_money(attestation.ise_cents),
        "family": "" if attestation.family_cents is None else write_money(attestation.family_cents),
        "anomalies": "yes" if attestation.anomalies else "no",
        "patrimony": write_money(facts.patrimony_cents),
        "track": facts.track or "",
    }
    for number, row in enumerate(tenancy.arrears):
        typed[f"arrears-{number}-month"] = write_month(row.period)
        typed[f"arrears-{number}-euro"] = write_money(row.cents)
    return typed


def _filled_rows(typed: Typed) -> Iterator[int]:
    for number in range(MOST_ROWS):
        if any(typed.get(f"arrears-{number}-{part}", "").strip() for part in ("month", "euro")):
            yield number


def _read_arrears(typed: Typed, errors: dict[str, str]) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
    found: dict[str, tuple[int, int]] = {}
    for number in _filled_rows(typed):
        month = _read_row(typed, f"arrears-{number}-month", read_month, errors)
        cents = _read_row(typed, f"arrears-{number}-euro", read_money, errors)
        if cents == 0:
            errors[f"arrears-{number}-euro"] = "nothing-owed"
        elif month in found:
            errors[f"arrears-{number}-month"] = "month-twice"
        elif month is not None and cents is not None:
            found[month] = (number, cents)
    months = sorted(found)
    return [{"period": month, "cents": found[month][1]} for month in months], tuple(
        found[month][0] for month in months
    )


def _read_row(typed: Typed, name: str, read: Callable[[str], Any], errors: dict[str, str]) -> Any:
    try:
        return _required(read)(typed.get(name, ""))
    except Unreadable as unreadable:
        errors[name] = unreadable.code
        return None


def _place(body: dict[str, Any], path: str, value: Any) -> None:
    part, _, field = path.rpartition(".")
    (body[part] if part else body)[field] = value


def _contradictions(error: ValidationError) -> dict[str, str]:
    found = {}
    for row in error.errors(include_url=False):
        control = BY_PATH.get(".".join(map(str, row["loc"][:2])))
        if control is not None:
            found[control.name] = control.wrong
    return found or {"members": "invalid"}
