"""The exact look-up of a household: forms of names and numbers, keyed hashes, and the audit of what is shown."""

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET

from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.blind_index import BlindIndex
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.domain.lookups import name_key, phone_key
from intake.domain.readers import Part
from intake.handlers.documents import PRIVATE

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
PLAIN = "aeiounc"
ACCENTED = str.maketrans(PLAIN, "àéìòùñç")
words = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=9), min_size=1, max_size=4)


@given(words, st.randoms(use_true_random=False), st.sampled_from([" ", "  ", "\t", " - ", ", "]))
def test_a_name_is_the_same_in_any_order_case_and_accent(
    name: list[str], chance: Random, between: str
) -> None:
    other = [chance.choice((one, one.upper(), one.title(), one.translate(ACCENTED))) for one in name]
    chance.shuffle(other)

    assert name_key(between.join(other)) == name_key(" ".join(name))


@given(words, words)
def test_names_with_other_words_are_others(one: list[str], other: list[str]) -> None:
    known = {"sig", "sigra", "signor", "signora", "signorina", "sra", "sr", "dott", "dottssa"}
    kept = [sorted(word for word in name if word not in known) for name in (one, other)]

    assert (name_key(" ".join(one)) == name_key(" ".join(other))) is (kept[0] == kept[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Signora D'Angelo Mafalda", "mafalda dangelo"),
        ("Sig.ra Nicolò Esempi", "ESEMPI NICOLO"),
        ("D’Inventati Gino", "Gino D'Inventati"),
        ("Straße", "STRASSE"),
    ],
)
def test_names_as_people_say_them(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


national = st.from_regex(r"(0[1-9]|3[0-9])[0-9]{6,8}", fullmatch=True)


@given(
    national,
    st.sampled_from(["", "+39", "+39 ", "0039", "0039 ", "(+39) "]),
    st.lists(st.integers(1, 7)),
    st.sampled_from(["", " int. 12", ", interno 3", " ext 4"]),
)
def test_a_number_is_the_same_with_or_without_country_spaces_and_extension(
    number: str, country: str, cuts: list[int], extension: str
) -> None:
    spaced = "".join(f"{digit}{' ' if place in cuts else ''}" for place, digit in enumerate(number))

    assert phone_key(f"{country}{spaced}{extension}") == phone_key(number) == f"+39{number}"


@given(national, national)
def test_other_numbers_are_others(one: str, other: str) -> None:
    assert (phone_key(one) == phone_key(other)) is (one == other)


def test_a_hash_depends_on_the_secret_and_on_what_is_hashed() -> None:
    one, other = BlindIndex(SECRET), BlindIndex(b"t" * 32)

    assert one.name("Bruno Esempi") == one.name("esempi BRUNO") != other.name("Bruno Esempi")
    assert one.email("a@example.org") != one.name("a@example.org")
    assert one.of(Contact()) == ()


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


async def made(cases: UseCases, contact: Contact) -> str:
    draft = Draft("infiltrazioni", "bg-monterosso-01", "Piove", contact=contact)
    report_id = uuid7(NOON)
    await cases.submissions.accept(await cases.submissions.judge(draft), report_id)
    return report_id


async def test_a_household_is_found_by_what_it_says_of_itself_and_each_showing_is_audited(
    service: MemoryService, cases: UseCases
) -> None:
    contact = Contact("Mafalda D'Esempi", "Mafalda@Example.org", "+39 035 000000")
    ids = {await made(cases, contact), await made(cases, contact)}
    await made(cases, Contact("Mafalda Provini", None, "035 000001"))
    first = min(ids)

    for typed in ("desempi mafalda", "035000000 int. 2", "mafalda@example.ORG"):
        found = await cases.lookups.find(typed, ADA)
        assert {one.report.report_id for one in found} == ids
        assert {one.content and one.content.contact.name for one in found} == {"Mafalda D'Esempi"}
    by_code = await cases.lookups.find(cases.codes.code(first).lower(), ADA)
    assert [one.report.report_id for one in by_code] == [first]

    rows = await service.context.audited({"action": "read-report"})
    assert len(rows) == 7
    assert {row["details"]["part"] for row in rows} == {"lookup"}
    assert await cases.lookups.find("mafalda", ADA) == []
    assert await cases.lookups.find("", ADA) == []


async def test_the_hashes_are_erased_with_the_content(service: MemoryService, cases: UseCases) -> None:
    report_id = await made(cases, Contact("Bruno Esempi", None, "035 000000"))
    row = await service.store.get(PRIVATE.name, report_id)
    assert row is not None
    assert len(row["state"]["lookup"]) == 2

    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": report_id}, row | {"state": None})]))

    assert await cases.lookups.find("Bruno Esempi", ADA) == []


async def test_an_earlier_report_is_found_once_somebody_has_opened_it(
    service: MemoryService, cases: UseCases
) -> None:
    report_id = await made(cases, Contact("Bruno Esempi", None, None))
    row = await service.store.get(PRIVATE.name, report_id)
    assert row is not None
    state = {name: value for name, value in row["state"].items() if name != "lookup"}
    before = {name: value for name, value in row.items() if name != "schema"} | {"state": state}
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": report_id}, before)]))

    assert await cases.lookups.find("Bruno Esempi", ADA) == []
    opened = await cases.readings.read(report_id, ADA, Part.FULL)
    found = await cases.lookups.find("Bruno Esempi", ADA)

    assert [one.report for one in found] == [opened.report]
