"""Drafts: what is tidied, and what is refused."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.adapters.mail_addresses import PLAIN, is_address, is_valid
from intake.domain.categories import Categories
from intake.domain.draft_rules import faults
from intake.domain.drafts import Contact, Draft, normalized, tidy
from intake.domain.place_tree import PlaceTree

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def slugs(draft: Draft, registers: tuple[Categories, PlaceTree]) -> set[str]:
    return {fault.slug for fault in faults(tidy(draft), *registers, NOW, is_address)}


def good(description: str = "Il cancello non chiude", contact: Contact | None = None) -> Draft:
    return Draft("cancello", "bg-carnovali-01", description, contact=contact or Contact())


def test_control_and_direction_characters_are_removed_and_line_breaks_stay() -> None:
    draft = tidy(good(" a\x07b\r\nc\u202ed\te\x1b[0m "))

    assert draft.description == "ab\ncd\te[0m"


def test_an_empty_contact_is_none() -> None:
    assert tidy(good(contact=Contact(" ", "\t", ""))).contact == Contact()


def test_a_time_is_stored_in_utc_to_the_millisecond() -> None:
    rome = timezone(timedelta(hours=1))

    draft = tidy(Draft("acqua", "bg-celadina", "x", heard_at=datetime(2026, 1, 1, 1, 0, 0, 123456, rome)))

    assert draft.heard_at == datetime(2026, 1, 1, 0, 0, 0, 123000, UTC)


def test_all_faults_are_found_at_once(registers: tuple[Categories, PlaceTree]) -> None:
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


def test_four_thousand_characters_are_accepted_and_one_more_is_not(
    registers: tuple[Categories, PlaceTree],
) -> None:
    assert slugs(good("è" * 4000), registers) == set()
    assert slugs(good("è" * 4001), registers) == {"description-too-long"}


def test_text_that_cannot_be_stored_is_refused(registers: tuple[Categories, PlaceTree]) -> None:
    assert slugs(good("a\x00b"), registers) == {"unreadable-text"}
    assert slugs(good(contact=Contact(name="\ud800")), registers) == {"unreadable-text"}


@given(text=st.text(st.characters(exclude_categories=())))
def test_an_accepted_text_can_always_be_stored(text: str, registers: tuple[Categories, PlaceTree]) -> None:
    draft = tidy(good(text))

    if not slugs(draft, registers):
        assert draft.description.encode().decode() == draft.description
        assert "\x00" not in draft.description
        assert tidy(draft) == draft


FIRST_THERE = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
LAST_THERE = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))


@pytest.mark.parametrize(
    ("moment", "slug"), [(FIRST_THERE, "heard-too-long-ago"), (LAST_THERE, "heard-in-future")]
)
def test_a_time_without_a_value_in_utc_is_refused(
    moment: datetime, slug: str, registers: tuple[Categories, PlaceTree]
) -> None:
    assert slugs(replace(good(), heard_at=moment), registers) == {slug}


@pytest.mark.parametrize(
    "text", ["\u200b", "\u200b\u200c\u200d\ufeff", "\u0301", "\u3164", "\u2800", "\u00ad\u2060", "\U000e0041"]
)
def test_a_text_without_visible_characters_is_missing(
    text: str, registers: tuple[Categories, PlaceTree]
) -> None:
    assert slugs(good(f" {text} "), registers) == {"description-missing"}
    assert slugs(good(contact=Contact(name=text)), registers) == {"contact-name"}


@given(text=st.text(st.characters(categories=["Cc", "Cf", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me", "Mc"])))
def test_no_text_is_accepted_without_a_letter_digit_mark_or_symbol(
    text: str, registers: tuple[Categories, PlaceTree]
) -> None:
    assert slugs(good(text), registers) & {"description-missing", "unreadable-text"}


@pytest.mark.parametrize(
    "address",
    [
        "mario..rossi@example.org",
        "mario.@example.org",
        ".mario@example.org",
        "a@-x-.org",
        "a@x-.org",
        "a@ab--cd.org",
        "a@xn--a.example",
        "a@example",
        "a@localhost",
        "a@foo.local",
        "a@foo.test",
        "a@foo.invalid",
        "a@1.2.3.4",
        "a@[127.0.0.1]",
        "a@example.org.",
        "a@ex_ample.org",
        "a@b@example.org",
        "a b@example.org",
        '"a b"@example.org',
        "Ada <ada@example.org>",
        "a\u200b@example.org",
        "a@\u2603.example",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_an_address_that_no_mail_server_accepts_is_refused(
    address: str, registers: tuple[Categories, PlaceTree]
) -> None:
    assert slugs(good(contact=Contact(email=address)), registers) == {"contact-email"}


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "Ada.Prova@EXAMPLE.ORG",
        "o'prova+casa@example.org",
        "a@b.example",
        "ada@mail.example",
        "ada@bücher.example",
        "ada@xn--bcher-kva.example",
        "josé@example.org",
        "jose\u0301@example.org",
        "आदा@उदाहरण.भारत",
        "a" * 64 + "@example.org",
    ],
)
def test_an_unusual_valid_address_is_accepted(address: str, registers: tuple[Categories, PlaceTree]) -> None:
    assert slugs(good(contact=Contact(email=address)), registers) == set()


@given(st.text(max_size=30) | st.tuples(st.text(max_size=9), st.text(max_size=9)).map("@".join))
def test_the_address_check_raises_for_no_text(text: str) -> None:
    assert is_address(text) in (True, False)


@pytest.mark.parametrize(("phone", "fits"), [("035 000000", True), ("+39 (035) 00.00-00", True), ("1     -    1", False), ("٠٣٥٠٠٠٠٠٠", False), ("035/12 34 56 int. 3", True), ("035 000000 interno 12", True), ("035 000000 int.", False), ("int. 3", False), ("035 000000 casa", False)])  # fmt: skip
def test_a_phone_number_has_digits(phone: str, fits: bool, registers: tuple[Categories, PlaceTree]) -> None:
    assert (slugs(good(contact=Contact(phone=phone)), registers) == set()) is fits


def test_a_draft_is_stored_in_nfc_and_its_fingerprint_is_of_the_text_as_sent(
    registers: tuple[Categories, PlaceTree],
) -> None:
    sent = {
        form: tidy(
            good(
                unicodedata.normalize(form, "Perché Nicolò"),
                Contact(unicodedata.normalize(form, "Nicolò Prova")),
            )
        )
        for form in FORMS
    }

    assert normalized(sent["NFD"]) == normalized(sent["NFC"]) == sent["NFC"]
    assert sent["NFD"] != sent["NFC"]
    assert slugs(good(unicodedata.normalize("NFD", "è" * 4000)), registers) == set()


@given(st.from_regex(PLAIN, fullmatch=True))
def test_a_plain_address_is_valid_to_the_library_too(address: str) -> None:
    assert is_valid(address)
