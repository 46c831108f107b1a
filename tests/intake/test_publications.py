"""The public text of a report: who publishes it, what it may not have, and its pages."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.georeport import Rows, anything, as_json, as_texts, root_of

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.domain.publications import personal_data_faults
from intake.entrypoints.api.open311.formats import Format, Value, rendered
from intake.handlers.documents import PUBLICATIONS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
DINO = Reader("dino-prova", frozenset({"officer"}), "Dino Prova")
CONTACT = Contact("Bruno Finto", "bruno@example.org", "035 123456")
DRAFT = Draft("luce-scale", "bg-monterosso-01", "Scala buia, sono Bruno", contact=CONTACT)
PRIVATE_DRAFT = Draft("isolamento", "bg-monterosso-01", "Sono solo")


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


async def registered(cases: UseCases, draft: Draft) -> str:
    """The id of a registered report."""
    return (await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(NOON))).report_id


@pytest.fixture
async def report_id(cases: UseCases) -> str:
    """A report of a public category."""
    return await registered(cases, DRAFT)


@pytest.fixture
async def operator(service: MemoryService) -> AsyncIterator[Browser]:
    """The browser of an operator."""
    browser = await log_in(service, SECRET, ADA)
    yield browser
    await browser.http.aclose()


async def test_a_reviewer_publishes_and_takes_back(
    service: MemoryService, operator: Browser, report_id: str
) -> None:
    address = f"/segnalazioni/{report_id}/pubblicazione"
    page = await operator.open(address)
    [row] = await service.context.audited({"action": "read-report"})

    refused = await operator.send(page, {"testo": "Bruno dice che è buio"})
    sent = await operator.send(refused, {"testo": "La luce è spenta"}, 0)
    shown = await operator.open(address)
    listed = await operator.open("/segnalazioni/pubbliche")
    await operator.send(shown, {})
    after = await operator.open(address)

    assert "Scala buia, sono Bruno" in page.text
    assert (row["by"], row["details"]["part"]) == ("ada-esempio", "full")
    assert (refused.status_code, "Bruno dice che è buio" in refused.text) == (422, True)
    assert (sent.status_code, sent.headers["location"]) == (303, address)
    assert "La luce è spenta</textarea>" in shown.text
    assert "ada-esempio" in shown.text
    assert ("Pubblico</span>" in listed.text, report_id in listed.text) == (True, True)
    assert "La luce è spenta" not in after.text
    publication = await service.document(PUBLICATIONS, report_id)
    assert publication is not None
    assert [(one.what, one.by) for one in publication.reviews] == [
        ("published", "ada-esempio"),
        ("taken-back", "ada-esempio"),
    ]
    assert publication.fields == {}


async def test_a_published_text_is_stored_encrypted(
    service: MemoryService, cases: UseCases, report_id: str
) -> None:
    id_ = uuid7(NOON)

    again = [await cases.publications.publish(report_id, ADA, id_, "La lampada è rotta") for _ in range(2)]

    rows = [
        str(row)
        for name in ("publications", "inbox", "outbox")
        for row in await service.store.query(name, {})
    ]
    assert again == [False, True]
    assert not [row for row in rows if "lampada" in row]


async def test_private_and_withdrawn_reports_are_never_public(
    cases: UseCases, operator: Browser, report_id: str
) -> None:
    private = await registered(cases, PRIVATE_DRAFT)
    await cases.withdrawals.withdraw(report_id, "mistake")

    for one in (private, report_id):
        with pytest.raises(Refused) as refused:
            await cases.publications.publish(one, ADA, uuid7(NOON), "Testo")
        assert refused.value.status == 409
        page = await operator.open(f"/segnalazioni/{one}/pubblicazione")
        assert 'name="testo"' not in page.text
    listed = (await operator.open("/segnalazioni/pubbliche")).text
    assert private not in listed
    assert report_id not in listed


async def test_an_officer_publishes_nothing(service: MemoryService, cases: UseCases, report_id: str) -> None:
    browser = await log_in(service, SECRET, DINO)

    page = await browser.open(f"/segnalazioni/{report_id}/pubblicazione")

    assert page.status_code == 403
    with pytest.raises(Refused, match="not-your-report"):
        await cases.publications.publish(report_id, DINO, uuid7(NOON), "Testo")
    with pytest.raises(Refused, match="not-your-report"):
        await cases.publications.take_back(report_id, DINO, uuid7(NOON))
    await browser.http.aclose()


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("La luce della scala 2 è spenta dal 12/11/2026, ore 18:30", []),
        ("Il signor FINTO è al buio", ["public-text-name"]),
        ("Scrivere a bruno@example.org", ["public-text-name", "public-text-email"]),
        ("Chiamare lo 035/12 34 56 7", ["public-text-number"]),
        ("Codice fiscale RSSMRA80A01H501U", ["public-text-tax-code"]),
    ],
)
def test_a_public_text_names_nobody(text: str, slugs: list[str]) -> None:
    assert [fault.slug for fault in personal_data_faults(text, CONTACT)] == slugs


VALUES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
)
SHAPE = Rows("error", dict.fromkeys(("code", "description", "lat"), anything))


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(("code", "description", "lat")), VALUES, max_size=3), max_size=3
    )
)
def test_xml_and_json_say_the_same(rows: list[Value]) -> None:
    xml, json_ = (bytes(rendered(one, "errors", rows).body).decode() for one in Format)

    assert as_json(root_of(xml), SHAPE) == as_texts(json.loads(json_))
