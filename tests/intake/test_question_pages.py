"""The questions at the doors: pages, desk and API ask them, divert from a danger, and keep the answers encrypted."""

from typing import Any

import httpx
import pytest
from tests.intake.browsing import Page

from chassis.testing import MemoryService
from intake.handlers.documents import PRIVATE, REPORTS

BODY: dict[str, Any] = {
    "category": "ascensore",
    "place_id": "bg-malpensata-01",
    "description": "È fermo da ieri",
}


async def test_the_api_takes_answers_raises_the_class_and_stores_them_encrypted(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    answers = {"persone-dentro": False, "fermo": True, "da-quando": "2026-11-19", "non-esce": True}

    accepted = await client.post("/v1/reports", json=BODY | {"answers": answers})

    assert accepted.status_code == 201
    [report] = await service.documents(REPORTS)
    assert report.urgency == "e1"
    [private] = await service.documents(PRIVATE)
    assert "persone-dentro" not in repr(private)


@pytest.mark.parametrize(
    ("answers", "slug", "field"),
    [
        ({}, "question-unanswered", "answers.persone-dentro"),
        ({"persone-dentro": True}, "call-112", "answers.persone-dentro"),
        ({"persone-dentro": False, "fermo": "forse"}, "answer-unknown", "answers.fermo"),
        ({"persone-dentro": False, "da-quando": "2026-11-19"}, "answer-not-asked", "answers.da-quando"),
        ({"persone-dentro": False, "colore": "rosso"}, "unknown-question", "answers.colore"),
    ],
)
async def test_the_api_refuses_a_wrong_answer_by_name(
    answers: dict[str, Any], slug: str, field: str, client: httpx.AsyncClient, service: MemoryService
) -> None:
    refused = await client.post("/v1/reports", json=BODY | {"answers": answers})

    assert refused.status_code == 422
    assert slug in refused.text
    assert field in refused.text
    assert await service.documents(REPORTS) == []


async def test_a_program_that_asks_nothing_is_accepted_and_other_answers_are_another_report(
    client: httpx.AsyncClient,
) -> None:
    id_ = {"report_id": "01932c0a-0000-7000-8000-0000000000aa"}
    first = await client.post("/v1/reports", json=BODY | id_)
    again = await client.post("/v1/reports", json=BODY | id_ | {"answers": None})
    other = await client.post("/v1/reports", json=BODY | id_ | {"answers": {"persone-dentro": False}})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert "id-reused" in other.text


async def test_the_tree_is_in_the_language_of_the_request(client: httpx.AsyncClient) -> None:
    italian = (await client.get("/v1/categories")).json()
    french = await client.get("/v1/categories", headers={"Accept-Language": "fr-CA,fr;q=0.9"})

    assert (italian["language"], french.headers["content-language"]) == ("it", "fr")
    assert french.headers["vary"] == "Accept-Language"
    [lift] = [one for one in french.json()["categories"] if one["code"] == "ascensore"]
    assert lift["questions"][0]["label"].startswith("Y a-t-il quelqu'un")
    assert lift["path"] == ["technical", "impianti"]


async def test_a_question_appears_after_its_answer_and_a_danger_before_anything_is_sent(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await Page.open(client, "/segnala?cerca=ascensore")
    page = await page.send({"category": "ascensore"})
    page = await page.send({"place_id": "bg-malpensata-01"})
    if page.path.endswith("/punto"):
        page = await page.send({"flat": ""})

    more = await page.send({"q-persone-dentro": "no", "q-fermo": "yes"})
    wrong = await more.send({"q-da-quando": "31/02/2026"})
    text = await wrong.send({"q-da-quando": "19/11/2026"})
    danger = await (await Page.open(client, page.path)).send({"q-persone-dentro": "yes"})

    assert more.path == page.path
    assert "q-da-quando" in more.text
    assert "q-da-quando" not in page.text
    assert 'value="31/02/2026"' in wrong.text
    assert text.path.endswith("/testo")
    assert danger.path == "/segnala/pericolo"
    assert {"tel:112", "tel:115", "tel:800000000"} <= set(danger.outline.values("a", "href"))
    assert await service.documents(REPORTS) == []
