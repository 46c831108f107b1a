"""Rows of a list: each is mapped to a draft or rejected with a reason."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.lists import GOOD, MAPPING

from intake.domain.import_dates import format_problem, read_moment
from intake.domain.import_rows import Mapped, Rejected, map_row

ROME = "Europe/Rome"


def test_a_row_with_a_date_is_heard_at_the_start_of_the_day_in_rome() -> None:
    mapped = map_row(MAPPING, GOOD)

    assert isinstance(mapped, Mapped)
    assert (mapped.draft.category, mapped.draft.place_id) == ("area-esterna", "bg-monterosso")
    assert mapped.draft.heard_at is not None
    assert mapped.draft.heard_at.isoformat() == "2026-02-02T23:00:00+00:00"


@pytest.mark.parametrize(
    ("cells", "text", "category"),
    [
        ({"Categoria": ""}, "Buca", "altro"),
        ({"DescrizioneBreve": " "}, "Buche", "area-esterna"),
        ({"DescrizioneBreve": "", "Categoria": ""}, "altro", "altro"),
    ],
)
def test_empty_cells_are_filled_as_the_mapping_says(cells: dict[str, str], text: str, category: str) -> None:
    mapped = map_row(MAPPING, GOOD | cells)

    assert isinstance(mapped, Mapped)
    assert (mapped.draft.description, mapped.draft.category) == (text, category)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Id": " "}, "no id in column Id"),
        ({"Creato": "ieri"}, "unreadable date 'ieri'"),
        ({"Creato": "2026-02-30"}, "unreadable date"),
        ({"Creato": "0001-01-01"}, "unreadable date"),
        ({"Categoria": "Astronavi"}, "unknown category 'Astronavi'"),
        ({"DescrizioneBreve": "a" * 4001}, "4001 characters"),
        ({"DescrizioneBreve": "caff\udce8"}, "correct `encoding`"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_reason(cells: dict[str, str], reason: str) -> None:
    rejected = map_row(MAPPING, GOOD | cells)

    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason


def test_without_a_default_an_empty_category_is_rejected() -> None:
    strict = replace(MAPPING, category_when_empty=None)

    assert map_row(strict, GOOD | {"Categoria": ""}) == Rejected("7", "no category")


@given(
    st.dictionaries(
        st.sampled_from(["Id", "Creato", "DescrizioneBreve", "Categoria", "Stato"]),
        st.one_of(
            st.text(st.characters(exclude_categories=())), st.sampled_from(["2026-02-03", "Buche", "7"])
        ),
    )
)
def test_every_row_is_mapped_or_rejected_with_a_reason(cells: dict[str, str]) -> None:
    found = map_row(MAPPING, cells)

    assert isinstance(found, Mapped) or found.reason


def test_a_decomposed_label_is_the_same_label() -> None:
    label = "Accessibilita\u0300 ed inclusione delle persone con disabilita\u0300"

    mapped = map_row(MAPPING, GOOD | {"Categoria": label})

    assert isinstance(mapped, Mapped)
    assert mapped.draft.category == "barriere"


def test_a_decomposed_id_is_the_same_id() -> None:
    composed, decomposed = (map_row(MAPPING, GOOD | {"Id": said}) for said in ("\u00e8-1", "e\u0300-1"))

    assert composed == decomposed


@pytest.mark.parametrize(
    ("said", "form", "moment"),
    [
        ("1769904000", "%s", datetime(2026, 2, 1, tzinfo=UTC)),
        ("1769904000500", "%Q", datetime(2026, 2, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-02-03T10:00:00+05:00", "%Y-%m-%dT%H:%M:%S%z", datetime(2026, 2, 3, 5, tzinfo=UTC)),
        ("2026-02-03T10:00:00Z", "%Y-%m-%dT%H:%M:%S%z", datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("03/02/26", "%d/%m/%y", datetime(2026, 2, 2, 23, tzinfo=UTC)),
        ("2025-10-26 02:30", "%Y-%m-%d %H:%M", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("2026-03-29 02:30", "%Y-%m-%d %H:%M", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_date_is_a_moment(said: str, form: str, moment: datetime) -> None:
    assert format_problem(form) is None
    assert read_moment(said, [form], ROME) == moment


@pytest.mark.parametrize("said", ["", "1.5", "1e9", "\u0661", "9" * 17, "99999999999999999999", "2026-02-03"])
def test_text_that_is_no_count_of_seconds_is_no_date(said: str) -> None:
    assert read_moment(said, ["%s"], ROME) is None


@given(
    st.dates(date(1970, 1, 1), date(2068, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%y", "%G-W%V-%u", "%Y%j", "%c"]),
)
def test_an_accepted_format_parses_what_it_formats(day: date, form: str) -> None:
    read = read_moment(day.strftime(form), [form], "UTC")

    assert format_problem(form) is None
    assert read is not None
    assert read.date() == day


@given(st.text(alphabet=st.sampled_from("%YmdHMSjGVuUWyzZsQcxp-/ e"), max_size=8))
def test_every_format_is_accepted_or_has_a_problem(form: str) -> None:
    problem = format_problem(form)

    assert problem is None or problem
