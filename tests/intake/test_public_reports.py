"""The public reports as pages: only what was reviewed, by neighbourhood, topic and state, page after page."""

from datetime import timedelta

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import NOON, SECRET
from tests.intake.photo_files import file_of, picture

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.public_list import LISTED, PAGE_SIZE
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.entries import Author

LIST = "/segnalazioni-pubbliche"
ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
WRITTEN = "Mario Inventato dice che la luce è spenta, interno 7"


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)


async def reported(
    client: httpx.AsyncClient, category: str = "luce-scale", place: str = "bg-malpensata-01"
) -> str:
    body = {"category": category, "place_id": place, "description": WRITTEN}
    made: str = (await client.post("/v1/reports", json=body)).json()["report_id"]
    return made


async def listed(client: httpx.AsyncClient, query: str = "") -> list[str]:
    """The ids of the reports on a page of the list."""
    links = (await Page.open(client, f"{LIST}{query}")).outline.values("a", "href")
    return [one.rpartition("/")[2] for one in links if one and one.startswith(f"{LIST}/")]


async def test_until_somebody_reviews_it_a_report_is_its_topic_its_building_and_its_age(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases
) -> None:
    id_ = await reported(client, place="bg-malpensata-01")  # a stair
    photo, _ = await cases.photos.add(id_, file_of(picture()), Author.STAFF)
    service.now += timedelta(days=3)
    before = [(await client.get(path)).text for path in (LIST, f"{LIST}/{id_}")]
    await cases.publications.publish(id_, ADA, uuid7(NOON), "La luce al piano terra è spenta")
    await cases.photos.review(ADA, id_, photo.sha256, public=True)
    after = [(await client.get(path)).text for path in (LIST, f"{LIST}/{id_}")]

    assert "3 giorni fa" in before[0]
    for page in before:
        assert "via Luzzatti" in page
        assert "Malpensata" in page
        assert "La luce al piano terra" not in page
        assert photo.sha256 not in page
    for page in after:
        assert "La luce al piano terra è spenta" in page
        assert f"/v1/reports/{id_}/photos/{photo.sha256}/small" in page
    for page in (*before, *after):
        assert "Inventato" not in page
        assert "scala 1" not in page
        assert "bg-malpensata-01" not in page


async def test_the_address_selects_neighbourhood_topic_and_state(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    light = await reported(client)
    lift = await reported(client, "ascensore", "bg-monterosso-01")
    await service.event(CaseResolved(report_id=lift, outcome="solved"))
    page = await (await Page.open(client, LIST)).send({"quartiere": "monterosso", "stato": "chiuse"})

    assert page.response.url.query == b"quartiere=monterosso&argomento=&stato=chiuse"
    assert page.form("stato").values == {"quartiere": "monterosso", "argomento": "", "stato": "chiuse"}
    assert set(await listed(client)) == {light, lift}
    assert await listed(client, "?quartiere=monterosso") == [lift]
    assert await listed(client, "?argomento=luce-scale") == [light]
    assert await listed(client, "?stato=aperte") == [light]
    assert await listed(client, "?quartiere=nessuno") == []
    assert await listed(client, "?prima=ieri&stato=strana") == await listed(client)


async def test_private_withdrawn_and_old_reports_are_not_there(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases
) -> None:
    old = await reported(client)
    service.now += LISTED + timedelta(days=1)
    private, withdrawn = await reported(client, "isolamento"), await reported(client)
    await cases.withdrawals.withdraw(withdrawn, "mistake")

    assert await listed(client) == []
    assert "Non ci sono segnalazioni pubbliche" in (await client.get(LIST)).text
    assert (await client.get(f"{LIST}/{old}")).status_code == 200  # who has its address reads on
    for id_ in (private, withdrawn, "x", uuid7(NOON)):
        assert (await client.get(f"{LIST}/{id_}")).status_code == 404


async def test_every_report_is_on_one_page_also_when_many_were_registered_at_one_moment(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    made = []
    for number in range(PAGE_SIZE + 8):
        made.append(await reported(client))
        if number % 4 == 3 and number != PAGE_SIZE + 3:
            service.now += timedelta(minutes=1)
    seen: list[str] = []
    page = await Page.open(client, f"{LIST}?stato=aperte")
    for _ in range(3):
        links = page.outline.values("a", "href")
        seen += [one.rpartition("/")[2] for one in links if one and one.startswith(f"{LIST}/")]
        older = next((str(one) for one in links if one and "prima=" in one), "")
        if not older:
            break
        assert "stato=aperte" in older
        page = await Page.open(client, older)

    assert sorted(seen) == sorted(made)
    assert f'href="{LIST}?stato=aperte"' in page.text


@pytest.mark.parametrize("language", ["ar", "zh", "uk"])
async def test_list_and_report_are_in_the_language_of_the_reader(
    client: httpx.AsyncClient, cases: UseCases, language: str
) -> None:
    first, second = await reported(client), await reported(client)
    await cases.merging.merge(first, second, "same-problem", ADA, uuid7(NOON))
    pages = [
        await client.get(path, headers={"Accept-Language": language}) for path in (LIST, f"{LIST}/{first}")
    ]

    assert {one.status_code for one in pages} == {200}
    assert all(f'<html lang="{language}"' in one.text for one in pages)
    assert f'href="{LIST}/{second}"' in pages[1].text
