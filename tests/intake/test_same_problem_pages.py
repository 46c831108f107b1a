"""The step of the public form that asks whether the problem was reported before."""

import re
from collections.abc import Mapping, Sequence

import httpx
from tests.intake.browsing import Page
from tests.intake.conftest import SECRET
from tests.intake.photo_files import file_of, picture
from tests.intake.test_pages import press_send, walk

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.readings import Reader
from intake.app.use_cases import use_cases
from intake.domain.entries import Author
from intake.domain.reports import Report
from intake.handlers.documents import REPORTS
from intake.handlers.merge_reports import MergeReport

STAIR = "bg-monterosso-02"
ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
TYPED: Sequence[Mapping[str, str]] = (
    {"group": "technical"},
    {"category": "ascensore"},
    {"place_id": STAIR},
    {"flat": ""},
    {"q-persone-dentro": "no"},
    {"description": "Ascensore fermo al terzo piano"},
)
BODY = {"category": "ascensore", "place_id": STAIR, "description": "L'ascensore è fermo al terzo piano"}


async def earlier(client: httpx.AsyncClient, **more: str) -> str:
    answer = await client.post("/v1/reports", json=BODY | more)
    assert answer.status_code == 201, answer.text
    report_id: str = answer.json()["report_id"]
    return report_id


async def walk_to_contact(client: httpx.AsyncClient, *last: Mapping[str, str]) -> Page:
    return await walk(client, *TYPED, *(last or ({"email": ""},)))


async def report(service: MemoryService, report_id: str) -> Report:
    found = await service.document(REPORTS, report_id)
    assert found is not None
    return found


async def test_who_has_the_same_problem_joins_without_script_and_gets_a_receipt(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    first = await earlier(client, language="it")
    asked = await walk_to_contact(client)
    summary = await asked.send({"joins": first})
    receipt = await press_send(summary)

    assert asked.path.endswith("/gia-segnalato")
    for shown in ("Ascensore fermo o guasto", "Segnalato oggi", "Anch'io", "Nessuno di questi"):
        assert shown in asked.text
    assert "terzo piano" not in asked.text
    assert (summary.path.rpartition("/")[2], receipt.path.rpartition("/")[2]) == ("riepilogo", "ricevuta")
    main, other = (
        await report(service, first),
        next(one for one in await service.documents(REPORTS) if one.report_id != first),
    )
    assert (main.voices, other.merged_into, main.followers) == (2, first, (other.report_id,))


async def test_whoever_goes_on_alone_is_asked_again_only_for_another_text(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    await earlier(client)
    asked = await walk_to_contact(client)
    summary = await asked.send({"joins": ""})
    text = await Page.open(client, summary.path.replace("riepilogo", "testo") + "?da=riepilogo")
    same_text = await text.send({"description": "Ascensore fermo al terzo piano"})
    again = await text.send({"description": "Ascensore fermo al terzo piano da ieri"})
    await press_send(await again.send({"joins": ""}))

    assert [one.path.rpartition("/")[2] for one in (summary, same_text, again)] == [
        "riepilogo",
        "riepilogo",
        "gia-segnalato",
    ]
    assert [(one.merged_into, one.voices) for one in await service.documents(REPORTS)] == [(None, 1)] * 2


async def test_nothing_found_and_private_categories_show_no_such_step(client: httpx.AsyncClient) -> None:
    await earlier(client, category="isolamento")
    nothing = await walk_to_contact(client)

    assert nothing.path.endswith("/riepilogo")
    back = await Page.open(client, nothing.path.replace("riepilogo", "gia-segnalato"))
    assert back.path.endswith("/riepilogo")


async def test_only_what_was_reviewed_of_an_earlier_report_is_shown(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    first = await earlier(client)
    cases = use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)
    hidden, seen = file_of(picture(96)), file_of(picture(80))
    for data in (hidden, seen):
        await cases.photos.add(first, data, Author.TENANT)
    before = await walk_to_contact(client)
    await cases.publications.publish(first, ADA, uuid7(service.now), "Fermo, con la porta aperta.")
    public = (await cases.photos.of(first))[1].sha256
    await cases.photos.review(ADA, first, public, True)
    after = await Page.open(client, before.path)
    image = f"/v1/reports/{first}/photos/{public}/small"

    assert ("porta aperta" in before.text, "/photos/" in before.text) == (False, False)
    assert ("porta aperta" in after.text, re.findall(r'src="(/v1[^"]+)"', after.text)) == (True, [image])
    assert (await client.get(image)).status_code == 200


async def test_a_report_that_ended_before_the_last_button_is_not_joined_and_nothing_is_lost(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    first = await earlier(client)
    summary = await (await walk_to_contact(client)).send({"joins": first})
    await service.event(CaseResolved(report_id=first, outcome="solved"))

    receipt = await press_send(summary)
    resent = await press_send(await Page.open(client, summary.path))

    assert (receipt.path, resent.path) == (resent.path, receipt.path)
    assert [(one.merged_into) for one in await service.documents(REPORTS)] == [None, None]


async def test_whoever_joins_a_report_that_was_merged_meanwhile_joins_its_main_one(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    main, first = await earlier(client), await earlier(client)
    summary = await (await walk_to_contact(client)).send({"joins": first})
    await service.command(MergeReport(first, main, "same-problem"), id="merge", key=first)
    await press_send(summary)

    assert (await report(service, main)).voices == 3
