"""Open311 GeoReport v2: every call, in both formats, as the specification says."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.intake import georeport
from tests.intake.conftest import NOON, SECRET
from tests.intake.georeport import as_json, as_texts, faults, root_of
from tests.intake.photo_files import file_of, picture

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.routing import CaseEscalated, CaseOpened, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.open311_keys import ApiKeys, development_key
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.api_keys import ApiKey, hash_of
from intake.domain.entries import Author
from intake.handlers.documents import PRIVATE, REPORTS

V2 = "/open311/v2"
KEY = development_key(SECRET)
FORM = {
    "api_key": KEY,
    "service_code": "luce-scale",
    "address_id": "bg-malpensata-01",
    "description": "La luce delle scale è spenta & basta <così>",
    "email": "ada@example.org",
    "first_name": "Ada",
    "last_name": "Esempio",
}
ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)


@pytest.fixture
async def client(service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """A client of Open311; an unexpected error is a 500 response."""
    async with service.client(raises=False) as made:
        made.base_url = httpx.URL(f"{made.base_url}{V2}")
        yield made


async def sent(client: httpx.AsyncClient, **changes: str) -> str:
    """The id of a request that was sent."""
    answer = await client.post("/requests.json", data=FORM | changes)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()[0]["service_request_id"]
    return found


async def ids(client: httpx.AsyncClient, **params: str) -> list[str]:
    """The ids of the requests that a filter selects."""
    answer = await client.get("/requests.json", params=params)
    assert answer.status_code == 200, answer.text
    return [row["service_request_id"] for row in answer.json()]


async def error(answer: httpx.Response, status: int) -> str:
    """The description of the only error, which has this status and code."""
    assert answer.status_code == status, answer.text
    root = root_of(answer.text)
    assert (root.tagName, faults(root, georeport.ERRORS)) == ("errors", [])
    [row] = as_json(root, georeport.ERRORS)
    assert row["code"] == str(status)
    return str(row["description"])


@pytest.mark.parametrize(
    ("path", "root", "shape"),
    [
        ("/discovery", "discovery", georeport.DISCOVERY),
        ("/services", "services", georeport.SERVICES),
        ("/services/ascensore", "service_definition", georeport.DEFINITION),
        ("/requests", "service_requests", georeport.REQUESTS),
        ("/requests/{id}", "service_requests", georeport.REQUESTS),
        ("/tokens/{id}", "service_requests", georeport.TOKEN),
        ("/servicerequestupdates", "service_request_updates", georeport.UPDATES),
        ("/requests/none", "errors", georeport.ERRORS),
        ("/nothing", "errors", georeport.ERRORS),
    ],
)
async def test_both_formats_have_the_shape_of_the_specification_and_say_the_same(
    client: httpx.AsyncClient, path: str, root: str, shape: Any
) -> None:
    path = path.format(id=await sent(client))

    xml, json = await client.get(f"{path}.xml"), await client.get(f"{path}.json")

    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert json.headers["content-type"] == "application/json; charset=utf-8"
    assert xml.status_code == json.status_code == (404 if root == "errors" else 200)
    found = root_of(xml.text)
    assert (found.tagName, faults(found, shape)) == (root, [])
    assert as_texts(json.json()) == as_json(found, shape)
    assert xml.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("format_", ["xml", "json"])
async def test_a_request_is_registered_and_found(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, format_: str
) -> None:
    answer = await client.post(f"/requests.{format_}", data=FORM | {"account_id": "77"})
    if format_ == "xml":
        root = root_of(answer.text)
        assert (root.tagName, faults(root, georeport.POSTED)) == ("service_requests", [])
        [made] = as_json(root, georeport.POSTED)
    else:
        [made] = answer.json()

    full = await cases.contents.read(made["service_request_id"])
    shown = (await client.get(f"/requests/{made['service_request_id']}.json")).json()[0]

    assert (answer.status_code, made["account_id"]) == (200, "77")
    assert full.content is not None
    assert (full.content.text, full.content.contact.name) == (FORM["description"], "Ada Esempio")
    assert (full.content.contact.email, full.report.channel) == ("ada@example.org", "api")
    assert (shown["status"], shown["service_code"], shown["address_id"]) == (
        "open",
        "luce-scale",
        "bg-malpensata-a",
    )
    assert shown["requested_datetime"] == "2026-11-20T12:00:00Z"
    assert shown["description"] is None


async def test_nothing_of_the_sender_is_public(client: httpx.AsyncClient) -> None:
    id_ = await sent(client, phone="035 000000", media_url="https://photos.example/1.jpg")

    for path in (f"/requests/{id_}.xml?extensions=true", "/requests.json", "/servicerequestupdates.xml"):
        shown = (await client.get(path)).text
        assert id_ in shown
        for secret in ("spenta", "Ada", "Esempio<", "ada@", "035 0", "photos.example", "scala 1"):
            assert secret not in shown.replace("Agenzia per la casa (esempio)", ""), secret


async def test_the_same_request_within_ten_minutes_is_the_same_report(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    first = await sent(client)
    service.now += timedelta(minutes=9)
    again, other = await sent(client), await sent(client, description="Altro")
    service.now += timedelta(minutes=2)
    later = await sent(client)

    assert first == again
    assert len({first, other, later}) == 3


async def test_code_and_pin_are_for_the_program_that_asks_for_extensions(client: httpx.AsyncClient) -> None:
    path = "/requests.json?extensions=true"
    [first], [again] = [(await client.post(path, data=FORM)).json() for _ in range(2)]
    receipt = first["extended_attributes"]

    status = await client.get(
        f"http://intake.example/v1/status/{receipt['tracking_code']}", headers={"Ascolto-Pin": receipt["pin"]}
    )

    assert first == again
    assert status.status_code == 200


async def test_what_is_wrong_with_a_form_is_told_at_once_and_by_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/requests.xml", data=FORM | {"email": "ada", "phone": "x"})
    rows = as_json(root_of(answer.text), georeport.ERRORS)
    english = await client.post(
        "/requests.json", data=FORM | {"email": "ada"}, headers={"Accept-Language": "en"}
    )

    assert answer.status_code == 400
    assert [row["description"].partition(":")[0] for row in rows] == ["email", "phone"]
    assert "e-mail address" in english.json()[0]["description"]


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"api_key": ""}, 403, "Missing api_key"),
        ({"api_key": "wrong"}, 403, "Invalid api_key"),
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "nothing"}, 404, "service_code"),
        ({"service_code": "isolamento"}, 404, "service_code"),
        ({"service_code": "pericolo-immediato"}, 400, "112"),
        ({"address_id": ""}, 400, "lat and long"),
        ({"address_id": "", "lat": "45.7"}, 400, "lat and long"),
        ({"address_id": "bg-nothing"}, 400, "GET /v1/places"),
        ({"address_id": "", "address_string": "via Luzzatti via Don Bosco"}, 400, "address"),
        ({"address_id": "", "address_string": "Bergamo"}, 400, "address"),
        ({"address_id": "", "lat": "45.0", "long": "9.0"}, 400, "150 m"),
        ({"lat": "north", "long": "9"}, 400, "lat"),
        ({"lat": "91", "long": "9"}, 400, "lat"),
        ({"jurisdiction_id": "city.gov"}, 404, "jurisdiction_id"),
        ({"attribute[X]": "1"}, 400, "attribute[X]"),
        ({"service_code": "ascensore"}, 400, "attribute[persone-dentro]"),
        ({"service_code": "ascensore", "attribute[persone-dentro]": "yes"}, 400, "112"),
        ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
        ({"description": "x" * 4001}, 400, "4000"),
    ],
)
async def test_a_request_is_refused_with_the_field_and_the_fix(
    client: httpx.AsyncClient, changes: dict[str, str], status: int, told: str
) -> None:
    answer = await client.post("/requests.xml", data=FORM | changes)

    assert told in await error(answer, status)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"json": FORM}, "application/x-www-form-urlencoded"),
        (
            {
                "content": b"service_code=%FF",
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            },
            "UTF-8",
        ),
        ({"data": {f"x{n}": "1" for n in range(201)}}, "200 fields"),
    ],
)
async def test_another_body_is_refused(client: httpx.AsyncClient, body: dict[str, Any], told: str) -> None:
    assert told in await error(await client.post("/requests.xml", **body), 400)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"address_string": "via luzzatti edificio A"}, "bg-malpensata-a"),
        ({"address_string": "v. Luzzatti ed. A scala 1"}, "bg-malpensata-a"),
        ({"lat": "45.68361", "long": "9.67071"}, "bg-malpensata-a"),
        ({"address_string": "in the moon", "lat": "45.68361", "long": "9.67071"}, "bg-malpensata-a"),
    ],
)
async def test_a_place_is_found_by_what_programs_know_of_it(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, changes: dict[str, str], place: str
) -> None:
    id_ = await sent(client, address_id="", **changes)

    full = await cases.contents.read(id_)

    assert full.report.place_id == place
    assert full.content is not None
    assert all(value in full.content.text for value in changes.values())


async def test_attributes_are_the_answers_to_the_questions(
    client: httpx.AsyncClient, cases: UseCases
) -> None:
    definition = (await client.get("/services/ascensore.json", headers={"Accept-Language": "en"})).json()
    first = definition["attributes"][0]
    attributes = {
        "attribute[persone-dentro]": "no",
        "attribute[fermo][]": "yes",
        "attribute[da-quando]": "2026-11-18T00:00:00+01:00",
    }

    full = await cases.contents.read(await sent(client, service_code="ascensore", **attributes))

    assert (first["code"], first["datatype"], first["required"]) == (
        "persone-dentro",
        "singlevaluelist",
        True,
    )
    assert first["values"] == [{"key": "yes", "name": "Yes"}, {"key": "no", "name": "No"}]
    assert full.content is not None
    assert {one.question: one.values for one in full.content.answers or ()} == {
        "persone-dentro": ("no",),
        "fermo": ("yes",),
        "da-quando": ("2026-11-18",),
    }


async def test_a_request_without_a_text_has_the_name_of_its_service(
    client: httpx.AsyncClient, cases: UseCases
) -> None:
    full = await cases.contents.read(await sent(client, description=" "))

    assert full.content is not None
    assert "Luce" in full.content.text


async def test_filters_select(client: httpx.AsyncClient, service: MemoryService) -> None:
    old = await sent(client)
    service.now += timedelta(days=60)
    closed = await sent(client, service_code="pulizia")
    await service.event(CaseResolved(report_id=closed, outcome="solved"))
    service.now += timedelta(days=29)
    new = await sent(client, address_id="bg-monterosso-01")

    assert await ids(client) == [new, closed, old]
    assert await ids(client, status="closed") == [closed]
    assert await ids(client, status="Open, closed") == [new, closed, old]
    assert await ids(client, service_code="pulizia,ascensore") == [closed]
    assert await ids(client, service_code="isolamento") == []
    assert await ids(client, service_request_id=f"{old},x, {closed}", status="open") == [closed, old]
    assert await ids(client, start_date="2026-12-01T00:00:00Z") == [new, closed]
    assert await ids(client, end_date="2026-12-01T00:00 01:00", status="") == [old]
    assert await ids(client, updated_after="2027-01-01T00:00:00Z") == [new, closed]
    assert await ids(client, lat="45.7133", long="9.68", radius="50") == [new]
    assert await ids(client, page="2", page_size="2") == [old]
    assert await ids(client, page="9") == []
    service.now += timedelta(days=2)
    assert await ids(client) == [new, closed]


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "start_date=2026-11-20",
        "start_date=2026-11-20T12:00:00",
        "start_date=2026-01-01T00:00:00Z&end_date=2026-11-20T00:00:00Z",
        "start_date=2026-11-20T00:00:00Z&end_date=2026-11-19T00:00:00Z",
        "page=0",
        "page_size=1001",
        "lat=45",
        "lat=45&long=9&radius=x",
    ],
)
async def test_a_wrong_filter_is_named(client: httpx.AsyncClient, query: str) -> None:
    told = await error(await client.get(f"/requests.xml?{query}"), 400)

    assert query.partition("=")[0] in told or "radius" in told


async def test_a_report_that_is_not_public_does_not_exist(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases
) -> None:
    withdrawn, erased = await sent(client), await sent(client, description="x")
    await cases.withdrawals.withdraw(withdrawn, "mistake")
    row = await service.store.get(PRIVATE.name, erased)
    assert row is not None
    row["state"]["key"] = b""
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": erased}, row)]))
    social = {"category": "isolamento", "place_id": "bg-monterosso-01", "description": "Sono sola"}
    private = (await client.post("http://intake.example/v1/reports", json=social)).json()["report_id"]

    assert await ids(client) == []
    for id_ in (withdrawn, erased, private, uuid7(NOON), "x"):
        assert await ids(client, service_request_id=id_) == []
        await error(await client.get(f"/requests/{id_}.xml"), 404)
        await error(await client.get(f"/tokens/{id_}.xml"), 404)


async def test_a_frail_person_does_not_change_what_is_public(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    shown = []
    for frail in (False, True):
        body = {"category": "ascensore", "place_id": "bg-monterosso-01", "description": "x", "frailty": frail}
        id_ = (await client.post("http://intake.example/v1/reports", json=body)).json()["report_id"]
        report = await service.document(REPORTS, id_)
        assert report is not None
        due = NOON + timedelta(days=1 if frail else 7)
        opened = CaseOpened(
            report_id=id_,
            route="technical-office",
            operator=None,
            rule="technical",
            rules_version="1",
            urgency=report.urgency,
            neighbourhood="monterosso",
            contact_due_at=due,
            due_at=due,
        )
        await service.event(opened)
        if frail:
            await service.event(CaseEscalated(report_id=id_, missed="completion", due_at=due))
        [row] = (await client.get(f"/requests/{id_}.json?extensions=true")).json()
        updates = (await client.get(f"/servicerequestupdates.json?service_request_id={id_}")).json()
        shown.append((re.sub(id_, "", str(row)), [one["status"] for one in updates]))

    assert shown[0] == shown[1]
    assert shown[0][1] == ["open", "in_progress"]


async def test_a_closed_request_says_how_and_when(client: httpx.AsyncClient, service: MemoryService) -> None:
    id_ = await sent(client)
    service.now += timedelta(hours=1)
    await service.event(CaseResolved(report_id=id_, outcome="solved"))
    service.now += timedelta(hours=1)

    [row] = (await client.get(f"/requests/{id_}.json", headers={"Accept-Language": "en"})).json()
    updates = (await client.get("/servicerequestupdates.json?start_date=2026-11-20T12:30:00Z")).json()

    assert (row["status"], row["updated_datetime"]) == ("closed", "2026-11-20T13:00:00Z")
    assert row["status_notes"] == "Solved"
    assert [(one["service_request_id"], one["status"]) for one in updates] == [(id_, "fixed")]


async def test_a_reviewed_text_is_shown_until_it_is_taken_back(
    client: httpx.AsyncClient, cases: UseCases
) -> None:
    id_ = await sent(client)

    async def shown() -> Any:
        return (await client.get(f"/requests/{id_}.json")).json()[0]["description"]

    before = await shown()
    await cases.publications.publish(id_, ADA, uuid7(NOON), "La luce al piano terra è spenta")
    during = await shown()
    await cases.publications.take_back(id_, ADA, uuid7(NOON))

    assert (before, during, await shown()) == (None, "La luce al piano terra è spenta", None)


async def test_browsers_programs_may_read_and_no_other_method_is_there(client: httpx.AsyncClient) -> None:
    asked = await client.options("/requests.xml")
    head = await client.head("/services.json")
    wrong = await client.delete("/requests.xml")

    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert "POST" not in asked.headers["access-control-allow-methods"]
    assert (head.status_code, head.text) == (200, "")
    assert wrong.headers["allow"] == asked.headers["allow"]
    await error(wrong, 405)
    assert "format" in await error(await client.get("/services.csv"), 404)


async def test_discovery_leads_to_the_services(client: httpx.AsyncClient) -> None:
    found = (await client.get("http://intake.example/open311/discovery.json")).json()
    services = (await client.get("/services.json?jurisdiction_id=agenzia.example.org")).json()
    codes = {one["service_code"] for one in services}

    assert found["endpoints"][0]["url"] == "https://ascolto.example/open311/v2"
    assert "luce-scale" in codes
    assert codes.isdisjoint({"isolamento", "contributo-affitto", "pericolo-immediato"})
    await error(await client.get("/services.xml?jurisdiction_id=x"), 404)


async def test_a_key_has_a_limit_and_can_be_revoked() -> None:
    keys = ApiKeys(
        (ApiKey("slow", "x", hash_of("a"), per_minute=2), ApiKey("gone", "x", hash_of("b"), revoked=True))
    )
    names = [keys.admit("a").name for _ in range(2)]

    with pytest.raises(Exception, match="2 reports a minute") as many:
        keys.admit("a")
    with pytest.raises(Exception, match="Invalid api_key"):
        keys.admit("b")

    assert names == ["slow", "slow"]
    assert int(many.value.headers["Retry-After"]) > 0  # type: ignore[attr-defined]


async def test_a_reviewed_photo_has_an_address_for_everybody_until_it_is_taken_back(
    client: httpx.AsyncClient, cases: UseCases
) -> None:
    id_ = await sent(client)
    photos = [(await cases.photos.add(id_, file_of(picture(size)), Author.STAFF))[0] for size in (64, 65)]

    async def shown() -> Any:
        return (await client.get(f"/requests/{id_}.json?extensions=true")).json()[0]

    before = await shown()
    await cases.photos.review(ADA, id_, photos[1].sha256, public=True)
    during = await shown()
    url = during["media_url"].replace("https://ascolto.example", "http://intake.example")
    photo = await client.get(url)
    known = await client.get(url, headers={"If-None-Match": photo.headers["etag"]})
    other = await client.get(url.replace(photos[1].sha256, photos[0].sha256))
    await cases.photos.review(ADA, id_, photos[1].sha256, public=False)

    assert before["media_url"] is None
    assert during["extended_attributes"]["media_urls"] == [during["media_url"]]
    assert (photo.headers["content-type"], photo.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert (known.status_code, known.content, other.status_code) == (304, b"", 404)
    assert (await shown())["media_url"] is None
    assert (await client.get(url, headers={"If-None-Match": photo.headers["etag"]})).status_code == 404


async def test_a_photo_of_a_report_that_is_not_public_is_nobody_s(
    client: httpx.AsyncClient, cases: UseCases
) -> None:
    social = {"category": "isolamento", "place_id": "bg-monterosso-01", "description": "Sono sola"}
    private = (await client.post("http://intake.example/v1/reports", json=social)).json()["report_id"]
    withdrawn = await sent(client)
    for id_ in (private, withdrawn):
        photo, _ = await cases.photos.add(id_, file_of(picture()), Author.STAFF)
        if id_ == private:
            with pytest.raises(Refused, match="private-category"):
                await cases.photos.review(ADA, id_, photo.sha256, public=True)
        else:
            await cases.photos.review(ADA, id_, photo.sha256, public=True)
            await cases.withdrawals.withdraw(id_, "mistake")
        url = f"http://intake.example/v1/reports/{id_}/photos/{photo.sha256}/large"
        assert (await client.get(url)).status_code == 404


async def test_a_joined_request_stays_open_and_names_the_one_that_goes_on(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases
) -> None:
    first, second, third = [await sent(client, description=text) for text in ("x", "y", "z")]
    await cases.merging.merge(first, second, "same-problem", ADA, uuid7(NOON))
    await cases.merging.merge(second, third, "same-problem", ADA, uuid7(NOON))

    rows = {
        row["service_request_id"]: row
        for row in (
            await client.get("/requests.json?extensions=true", headers={"Accept-Language": "en"})
        ).json()
    }
    await cases.withdrawals.withdraw(third, "mistake")
    [alone] = (await client.get(f"/requests/{first}.json?extensions=true")).json()

    assert {rows[one]["status"] for one in (first, second)} == {"open"}
    assert [rows[one]["extended_attributes"]["duplicate_of"] for one in (first, second, third)] == [
        third,
        third,
        None,
    ]
    assert third in rows[first]["status_notes"]
    assert third not in str(alone)
