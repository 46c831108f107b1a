"""Checks what was typed for an application: by its form, by the rules, and by the law when a decision is corrected."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.errors import Refused
from subsidies.app.desk import Desk
from subsidies.app.preview import CorrectionRequest, Preview, preview_correction, preview_decision
from subsidies.entrypoints.pages.data_form import Reading, Typed, ordered, read_typed

FEWEST_NOTE = 10


@dataclass(frozen=True)
class Checked:
    """The preview, or why there is none: codes of errors by control, or the code of a problem of the whole."""

    reading: Reading
    preview: Preview | None
    errors: Mapping[str, str]
    problem: str = ""


async def check_data(desk: Desk, application_id: str, typed: Typed) -> Checked:
    """The preview of a first decision on what was typed."""
    reading = read_typed(typed)
    if reading.data is None:
        return Checked(reading, None, reading.errors)
    try:
        return Checked(reading, await preview_decision(desk, application_id, reading.data), {})
    except Refused as refusal:
        return _refused(reading, refusal)


async def check_correction(desk: Desk, application_id: str, typed: Typed) -> Checked:
    """The preview of the decision that would replace the one in force."""
    reading = read_typed(typed)
    errors = dict(reading.errors) | correction_errors(desk, typed)
    if reading.data is None or errors:
        return Checked(reading, None, ordered(errors))
    try:
        preview = await preview_correction(desk, application_id, reading.data, request_in(typed))
    except Refused as refusal:
        return _refused(reading, refusal)
    return Checked(reading, preview, {})


def correction_errors(desk: Desk, typed: Typed) -> dict[str, str]:
    """The errors of the reason and of the reasons in words."""
    errors = {}
    if desk.procedure.reason(typed.get("reason", "")) is None:
        errors["reason"] = "choice"
    if len(request_in(typed).note) < FEWEST_NOTE:
        errors["note"] = "note"
    return errors


def request_in(typed: Typed) -> CorrectionRequest:
    """The reason and the reasons that were typed."""
    return CorrectionRequest(typed.get("reason", ""), " ".join(typed.get("note", "").split()))


def _refused(reading: Reading, refusal: Refused) -> Checked:
    control = reading.control_of(refusal.field or "")
    if control:
        return Checked(reading, None, {control: refusal.slug})
    return Checked(reading, None, {}, refusal.slug)
