"""Drafts: what is tidied, and what is not taken in."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from intake.domain.drafts import Contact, Draft, composed, faults, tidy
from intake.domain.registers import Register
from intake.entrypoints.mail_addresses import is_address

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def slugs(draft: Draft, registers: tuple[Register, Register]) -> set[str]:
    return {fault.slug for fault in faults(tidy(draft), *registers, NOW, is_address)}


def good(description: str = "Il cancello non chiude", contact: Contact | None = None) -> Draft:
    return Draft("cancello", "bg-carnovali-01", description, contact=contact or Contact())


def test_control_characters_and_hidden_directions_go_and_lines_stay() -> None:
    draft = tidy(good(" a\x07b\r\nc\u202ed\te\x1b[0m "))

    assert draft.description == "ab\ncd\te[0m"


def test_an_empty_contact_is_none() -> None:
    assert tidy(good(contact=Contact(" ", "\t", ""))).contact == Contact()


def test_a_time_is_kept_in_utc_to_the_millisecond() -> None:
    rome = timezone(timedelta(hours=1))

    draft = tidy(Draft("acqua", "bg-celadina", "x", heard_at=datetime(2026, 1, 1, 1, 0, 0, 123456, rome)))

    assert draft.heard_at == datetime(2026, 1, 1, 0, 0, 0, 123000, UTC)


def test_everything_wrong_is_told_at_once(registers: tuple[Register, Register]) -> None:
    draft = Draft("x", "y", "", language="zz9", contact=Contact("n" * 121, "e", "p"))

    assert slugs(draft, registers) == {
        "unknown-category",
        "unknown-place",
        "description-missing",
        "unknown-language",
        "contact-name",
        "contact-email",
        "contact-phone",
    }


def test_four_thousand_characters_are_taken_and_one_more_is_not(registers: tuple[Register, Register]) -> None:
    assert slugs(good("è" * 4000), registers) == set()
    assert slugs(good("è" * 4001), registers) == {"description-too-long"}


def test_what_cannot_be_kept_is_refused(registers: tuple[Register, Register]) -> None:
    assert slugs(good("a\x00b"), registers) == {"unreadable-text"}
    assert slugs(good(contact=Contact(name="\ud800")), registers) == {"unreadable-text"}


@given(text=st.text(st.characters(exclude_categories=())))
def test_a_text_that_is_taken_in_can_always_be_stored(
    text: str, registers: tuple[Register, Register]
) -> None:
    draft = tidy(good(text))

    if not slugs(draft, registers):
        assert draft.description.encode().decode() == draft.description
        assert "\x00" not in draft.description
        assert tidy(draft) == draft
