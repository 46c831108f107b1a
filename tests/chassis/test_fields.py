"""The types of fields: strict days, texts that say something, and the words of command lines."""

import argparse
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chassis.fields import AnyText, Day, Line, Text, days_word, has_content, instant_word
from ops.backup.__main__ import main as backup

DAY: TypeAdapter[date] = TypeAdapter(Day)
TEXT: TypeAdapter[str] = TypeAdapter(Text)
LINE: TypeAdapter[str] = TypeAdapter(Line)
ANY: TypeAdapter[str] = TypeAdapter(AnyText)
LETTERS = st.characters(exclude_categories=())
NOTHING = ["", " ", "\t\n", "\u200b\u200c\u200d\ufeff", "\u0301", "\u00a0\u2003", "\u3164", "\u2800", "\u115f\u1160\uffa0", "\u2066\u2069", "\u00ad", "\ufe0f", "\U000e0041"]  # fmt: skip


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_of_these_years_is_read(day: date) -> None:
    assert DAY.validate_python(day.isoformat()) == DAY.validate_python(day) == day


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-02T00:00:00",
        "2026-01-02T00:00:00Z",
        "2026-01-02 ",
        "20260102",
        "2026-W01-5",
        "2026-1-2",
        "2026-02-30",
        "2026-00-01",
        "0001-01-01",
        "1899-12-31",
        "2101-01-01",
        "9999-12-31",
        "٢٠٢٦-٠١-٠٢",
        "1767312000",
        1_767_312_000,
        0,
        1.0,
        True,
        None,
        datetime(2026, 1, 2, tzinfo=UTC),
    ],
)
def test_nothing_else_is_a_day_and_the_fix_is_told(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        DAY.validate_python(value)

    assert "YYYY-MM-DD" in refused.value.errors()[0]["ctx"]["fix"]


@pytest.mark.parametrize("text", NOTHING)
def test_a_text_that_shows_nothing_is_no_text(text: str) -> None:
    assert not has_content(text)
    for field in (TEXT, LINE):
        with pytest.raises(ValidationError):
            field.validate_python(text)


@pytest.mark.parametrize(
    "text", ["x", "?", "7", "€", "né", "مرحبا", "你好", "नमस्ते", "👩‍👧", "\u200bx", "ሰላም"]
)
def test_a_text_that_shows_anything_is_one(text: str) -> None:
    assert has_content(text)
    assert TEXT.validate_python(text) == text


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me", "Mc"])))
def test_no_text_without_a_letter_digit_sign_or_symbol_says_anything(text: str) -> None:
    assert not has_content(text)


@given(st.text(LETTERS, max_size=20))
def test_a_text_that_is_taken_can_be_kept_and_read(text: str) -> None:
    for field in (TEXT, LINE, ANY):
        try:
            taken = field.validate_python(text)
        except ValidationError:
            continue
        assert taken.encode().decode() == text
        assert field is ANY or "\x00" not in taken
        assert field is not LINE or not {unicodedata.category(one) for one in taken} & {
            "Cc",
            "Cf",
            "Zl",
            "Zp",
        }


def test_lines_stay_in_a_text_and_not_in_a_line() -> None:
    assert TEXT.validate_python("una riga\r\n\tun'altra") == "una riga\r\n\tun'altra"
    with pytest.raises(ValidationError, match="line breaks"):
        LINE.validate_python("una riga\nun'altra")


@pytest.mark.parametrize(
    ("read", "word"),
    [
        *((days_word, word) for word in ("-1", "-5", "1.5", "1e3", "99999999999", "36501", "", "uno", "٣")),
        *(
            (instant_word, word)
            for word in ("2026-11-20", "2026-11-20T12:00:00", "5", "ieri", "20261120T120000Z")
        ),
    ],
)
def test_a_word_that_is_no_time_is_told_with_its_fix(read: Callable[[str], Any], word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="Write"):
        read(word)


def test_words_are_read() -> None:
    assert days_word("30") == timedelta(days=30)
    assert instant_word("2026-11-20T13:00:00+01:00") == datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("days", ["-1", "1000000000000"])
def test_no_archive_is_removed_for_a_number_of_days_that_is_none(
    days: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "ascolto-20261120T120000Z.backup"
    archive.touch()

    with pytest.raises(SystemExit):
        backup(["save", str(tmp_path), "--keep-days", days])

    assert archive.exists()
    assert "--keep-days" in capsys.readouterr().err
