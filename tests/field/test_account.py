"""The account of a campaign finds each kind of fault, and numbers survive in photos."""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.field.account import Held, Kind, Observed, Typed, last_line, settle
from tests.field.pictures import SIZE, number_of, photo

TYPED = (Typed("fagiano", (1, 2)), Typed("lucertola", (3,)), Typed("ghiro"))


def world(held: Sequence[Held]) -> Observed:
    once = {one.report_id: 1 for one in held}
    return Observed(held, once, once)


HELD = tuple(Held(f"r{n}", f"Perde acqua, {one.word}.", one.photos) for n, one in enumerate(TYPED))
WHOLE = world(HELD)
COPY = Held("r9", HELD[0].text, HELD[0].photos)


def kinds(seen: Observed) -> dict[Kind, int]:
    found = [finding.kind for finding in settle(TYPED, seen)]
    return {kind: found.count(kind) for kind in Kind if kind in found}


def test_a_whole_account_has_no_finding() -> None:
    assert settle(TYPED, WHOLE) == []
    assert last_line(TYPED, 5, []) == "field: 3 reports, 3 photos, 5 kills, 0 lost, 0 double"


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        # A report of two photos that is not there: the report and the photos are lost.
        (world(HELD[1:]), {Kind.LOST: 3}),
        (world([*HELD, COPY]), {Kind.DOUBLE: 3}),
        (world([*HELD, Held("r9", "Un'altra cosa.")]), {Kind.STRANGE: 1}),
        (world([HELD[0], replace(HELD[1], photos=()), HELD[2]]), {Kind.LOST: 1}),
        (world([HELD[0], replace(HELD[1], photos=(3, 3)), HELD[2]]), {Kind.DOUBLE: 1}),
        # A photo below another report is lost there, and strange here.
        (world([HELD[0], replace(HELD[1], photos=()), replace(HELD[2], photos=(3,))]), {Kind.LOST: 1, Kind.STRANGE: 1}),
        (world([HELD[0], replace(HELD[1], photos=(None,)), HELD[2]]), {Kind.LOST: 1, Kind.STRANGE: 1}),
        (replace(WHOLE, cases={"r0": 1, "r1": 2}), {Kind.LOST: 1, Kind.DOUBLE: 1}),
        (replace(WHOLE, registered={"r0": 1, "r1": 1, "r2": 1, "r3": 1}), {Kind.STRANGE: 1}),
        (replace(WHOLE, reports_on_phone=1, photos_on_phone=2), {Kind.LEFT: 2}),
        (replace(WHOLE, readable=("Web Data: fagiano",)), {Kind.READABLE: 1}),
    ],
)  # fmt: skip
def test_each_fault_is_found(seen: Observed, wanted: dict[Kind, int]) -> None:
    assert kinds(seen) == wanted


def test_the_last_line_tells_what_else_is_wrong() -> None:
    findings = settle(TYPED, replace(world([*HELD[1:], Held("r9", "?")]), reports_on_phone=1))
    assert last_line(TYPED, 1, findings).endswith("3 lost, 0 double, 1 strange, 1 left on the phone")


@given(st.integers(0, 2**20 - 1), st.sampled_from([320, 800, 1600]), st.integers(40, 95))
def test_a_photo_shows_its_number_in_every_size(number: int, width: int, quality: int) -> None:
    smaller, file = Image.open(io.BytesIO(photo(number))), io.BytesIO()
    smaller.resize((width, width * SIZE[1] // SIZE[0])).save(file, "JPEG", quality=quality)
    assert number_of(file.getvalue()) == number


def test_another_picture_shows_no_number() -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").resize(SIZE).save(file, "JPEG")
    assert number_of(file.getvalue()) is None
    assert photo(7) != photo(8)
