"""Tracking codes and PINs."""

import uuid
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.app.tracking_codes import TrackingCodes, read_code
from intake.domain.drafts import Contact, Draft
from intake.domain.questions import Answer

CODES = TrackingCodes(b"k" * 32)
DRAFT = Draft("verde", "bg-monterosso", "Erba alta")
OTHER: dict[str, Any] = {
    "heard_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "contact": Contact(name="Ada"),
    "frail": True,
    "answers": (Answer("persone", ("yes",)),),
    "closed_at": datetime(2026, 11, 20, 12, tzinfo=UTC),
    "cancelled": True,
}


@given(st.uuids())
def test_code_and_pin_are_always_the_same_and_the_code_is_canonical(report: uuid.UUID) -> None:
    code, pin = CODES.code(str(report)), CODES.pin(str(report))

    assert (code, pin) == (CODES.code(str(report)), CODES.pin(str(report)))
    assert not set(code) & set("ILOU")
    assert read_code(code) == code
    assert len(pin) == 6
    assert pin.isdigit()


@pytest.mark.parametrize("written", ["abcde-fghjk", "ABCDEFGHJK", " abcde fghjk ", "ABCDE--FGHJK"])
def test_a_typed_code_is_read_in_any_common_spelling(written: str) -> None:
    assert read_code(written) == "ABCDE-FGHJK"


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert read_code("OIL00-AAAAA") == "01100-AAAAA"


@given(st.text())
def test_any_text_is_read_as_a_code_or_none(written: str) -> None:
    code = read_code(written)

    assert code is None or read_code(code) == code


def test_only_its_own_pin_is_valid_for_a_report() -> None:
    pin = CODES.pin("a-report")
    stored = CODES.pin_hash("a-report", pin)

    assert CODES.verifies("a-report", stored, f" {pin[:3]} {pin[3:]}")
    assert not CODES.verifies("a-report", stored, "")
    assert not CODES.verifies("another", stored, pin)
    assert pin not in stored


def test_another_secret_derives_other_codes() -> None:
    other = TrackingCodes(b"x" * 32)

    assert other.code("a-report") != CODES.code("a-report")
    assert other.fingerprint(DRAFT) != CODES.fingerprint(DRAFT)


@pytest.mark.parametrize(
    "other",
    [
        Draft("verde", "bg-monterosso", "Erba bassa"),
        Draft("verde", "bg-monterosso", "Erba alta", frail=True),
        Draft("verde", "bg-monterosso", "Erba alta", contact=Contact(name="Ada")),
    ],
)
def test_different_drafts_have_different_fingerprints(other: Draft) -> None:
    assert CODES.fingerprint(other) != CODES.fingerprint(DRAFT)


HEARD = datetime(2026, 11, 20, 12, 0, 0, 123_000, tzinfo=UTC)
# A stored report keeps the fingerprint that it got: the same draft that is sent again years later must have it.
STORED = {
    "2f5c09397f5a49e256b5da1ac104ec1e45469fc563321c8796b67580f753d376": DRAFT,
    "0c53caea52b008cb8d467c2a73907e43a0c6ed1bdf1224786cd370925f7487e8": Draft(
        "ascensore",
        "bg-monterosso-01",
        "L’ascensore è fermo\nda ieri 🛗",
        language="ar",
        channel="phone",
        heard_at=HEARD,
        contact=Contact("Ada Prova", "ada@example.org", "+39 035 000000"),
        frail=True,
    ),
    "f4f0a7bf8fcdc8ae8eb446b234be0330e1f6a220b3e2412bc3c487b66050a7f3": Draft(
        "ascensore",
        "bg-monterosso-01",
        "Fermo",
        heard_at=HEARD,
        flat="bg-monterosso-01-a-3",
        answers=(Answer("persone", ("yes",)), Answer("quando", ("2026-11-20", "prima"))),
        closed_at=HEARD,
        cancelled=True,
    ),
}


@pytest.mark.parametrize("stored", STORED)
def test_a_draft_has_the_fingerprint_that_earlier_builds_stored(stored: str) -> None:
    assert CODES.fingerprint(STORED[stored]) == stored


def test_the_fingerprint_tells_every_field_but_the_closing_apart() -> None:
    changed = {
        field.name: replace(DRAFT, **{field.name: OTHER.get(field.name, "other")}) for field in fields(Draft)
    }
    same = {name for name, draft in changed.items() if CODES.fingerprint(draft) == CODES.fingerprint(DRAFT)}

    assert same == {"closed_at", "cancelled"}


def test_a_short_secret_is_refused_with_the_fix() -> None:
    with pytest.raises(ValueError, match="32 random"):
        TrackingCodes(b"short")


@given(st.text(max_size=70), st.text(max_size=70), st.uuids(), st.uuids())
def test_only_the_secret_it_was_sent_with_proves_the_sender_of_a_report(
    secret: str, other: str, report: uuid.UUID, another: uuid.UUID
) -> None:
    stored = CODES.sender_hash(str(report), secret)

    assert CODES.is_sender(str(report), stored, secret)
    assert CODES.is_sender(str(report), stored, other) == (other == secret)
    assert CODES.is_sender(str(another), stored, secret) == (another == report)
    assert not CODES.is_sender(str(report), None, secret)


def test_different_lists_of_words_have_different_pseudonyms() -> None:
    names = {CODES.pseudonym(*words) for words in [("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), ()]}

    assert len(names) == 5
