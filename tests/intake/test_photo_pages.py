"""Photos on the pages: with a new report, on its status page and at the desk, without JavaScript."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.photo_files import SVG, TURNED_HEIC, file_of, picture, zipped
from tests.intake.test_pages import TYPED, press_send, receipt_of, walk
from tests.intake.test_photos import erase

from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from intake.app import uploads
from intake.app.readings import Reader
from intake.domain.photos import MOST_PHOTOS

BEFORE_TEXT = TYPED[: next(number for number, values in enumerate(TYPED) if "description" in values)]
PHOTO, OTHER = file_of(picture()), file_of(picture(50, 50))


async def send(page: Page, files: Mapping[str, bytes], **values: str) -> Page:
    """The page after its form with these files."""
    form = page.form("photos")
    given = form.values | values
    parts: list[tuple[str, tuple[str | None, bytes | str]]] = [
        (name, (None, value)) for name, value in given.items() if name != "photos"
    ]
    # A browser sends one empty part when no file was chosen.
    parts += [("photos", pair) for pair in (files or {"": b""}).items()]
    action = form.action or page.path
    return Page(page.client, await page.client.post(action, files=parts, follow_redirects=True))


def images(page: Page) -> Sequence[str]:
    return re.findall(r'<img src="([^"]+)"', page.text)


async def statuses(client: httpx.AsyncClient, paths: Sequence[str]) -> list[tuple[int, str]]:
    answers = [await client.get(path) for path in paths]
    return [(one.status_code, one.headers.get("content-type", "")) for one in answers]


JPEG = (200, "image/jpeg")


async def test_photos_of_a_new_report_survive_a_refused_one_and_reach_its_status_page(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await walk(client, *BEFORE_TEXT)

    refused = await send(
        page, {"a.jpg": PHOTO, "b.heic": TURNED_HEIC, "c.zip.jpg": zipped()}, description="È fermo"
    )
    assert (refused.path, refused.status) == (page.path, 422)
    assert "«c.zip.jpg» non è una foto" in refused.text
    assert refused.form("description").values["description"] == "È fermo"
    assert await statuses(client, images(refused)) == [JPEG, JPEG]

    gone = re.findall(r'name="drop" value="([0-9a-f]+)"', refused.text)[1]
    contact = await send(refused, {"again.jpg": PHOTO}, drop=gone)
    summary = await contact.send({"email": ""})
    assert await statuses(client, images(summary)) == [JPEG]
    stranger = service.client()
    assert [status for status, _ in await statuses(stranger, images(summary))] == [404]

    receipt = await press_send(summary)
    again = await press_send(await Page.open(client, summary.path))
    code, pin = receipt_of(again)
    status = await (await Page.open(client, "/stato")).send({"code": code, "pin": pin})

    assert receipt_of(receipt) == (code, pin)
    assert "Le foto" in status.text
    assert await statuses(client, images(status)) == [JPEG]
    assert [one for one, _ in await statuses(stranger, [*images(status)])] == [303]


async def test_a_photo_that_waited_for_more_than_a_day_is_told_before_the_report_is_sent(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await walk(client, *BEFORE_TEXT)
    contact = await send(page, {"a.jpg": PHOTO}, description="È fermo")
    for _ in range(14):  # the form is kept for two hours after each step
        service.now += timedelta(minutes=110)
        contact = await send(await Page.open(client, page.path), {}, description="È fermo")
    await service.fire_timers()
    await service.run_jobs()

    told = await press_send(await contact.send({"email": ""}))
    summary = await (await send(told, {}, description="È fermo")).send({"email": ""})

    assert (told.path, told.status) == (page.path, 422)
    assert "La foto 1 ha aspettato più di un giorno" in told.text
    assert images(told) == []
    assert receipt_of(await press_send(summary))


async def reported(client: httpx.AsyncClient) -> Page:
    """The status page of a new report."""
    code, pin = receipt_of(await press_send(await walk(client, *TYPED)))
    return await (await Page.open(client, "/stato")).send({"code": code, "pin": pin})


async def test_photos_are_added_on_the_status_page_and_refused_ones_are_told_by_name(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    await reported(client)
    form = await Page.open(client, "/stato/foto")

    none = await send(form, {})
    mixed = await send(form, {"una.jpg": PHOTO, "due.svg": SVG, "tre.jpg": PHOTO[:-100]})
    done = await send(mixed, {"altra.jpg": OTHER})

    assert (none.status, "Scelga almeno una foto" in none.text) == (422, True)
    assert (mixed.status, len(images(mixed))) == (422, 1)
    assert "«due.svg» non è una foto" in mixed.text
    assert "«tre.jpg» è rovinata" in mixed.text
    assert done.path == "/stato/segnalazione"
    assert "Abbiamo aggiunto le foto" in done.text
    assert await statuses(client, images(done)) == [JPEG, JPEG]

    [report_id] = [row["_id"] for row in await store.query("photos", {})]
    await erase(store, report_id)
    assert images(await Page.open(client, "/stato/segnalazione")) == []
    assert [status for status, _ in await statuses(client, images(done))] == [410, 410]


async def test_too_many_photos_are_told_and_the_first_ten_stay(client: httpx.AsyncClient) -> None:
    page = await walk(client, *BEFORE_TEXT)
    files = {f"{number}.png": file_of(picture(8 + number, 8), "PNG") for number in range(MOST_PHOTOS + 1)}

    full = await send(page, files, description="x")

    assert "Ci sono già 10 foto, e «10.png» non è stata aggiunta" in full.text
    assert len(images(full)) == MOST_PHOTOS


async def test_a_form_that_belongs_to_nobody_and_one_that_finds_no_room_store_nothing(
    client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reported(client)
    form = await Page.open(client, "/stato/foto")

    unsealed = await send(form, {"una.jpg": PHOTO}, seal="x")
    monkeypatch.setattr(uploads, "MOST_BYTES_AT_ONCE", 100)
    busy = await send(form, {"una.jpg": PHOTO})

    assert (unsealed.status, busy.status) == (403, 503)
    assert await store.count("photo_pieces", {}) == 0


@pytest.fixture
async def operator(service: MemoryService) -> Browser:
    """The browser of an operator."""
    return await log_in(service, SECRET, Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio"))


async def test_staff_sees_the_photos_beside_the_words_and_decides_who_else_does(
    client: httpx.AsyncClient, service: MemoryService, operator: Browser
) -> None:
    await reported(client)
    await send(await Page.open(client, "/stato/foto"), {"una.jpg": PHOTO})
    [row] = await service.store.query("photos", {})
    photo = f"/segnalazioni/{row['_id']}/foto/{row['state']['photos'][0]['sha256']}"
    public = photo.replace("/segnalazioni/", "/v1/reports/").replace("/foto/", "/photos/") + "/medium"

    card = await operator.open(f"/segnalazioni/{row['_id']}/scheda")
    page = await operator.open(photo)
    assert f'<img src="{photo}/small"' in card.text
    assert "da chi ha segnalato" in card.text
    assert await statuses(operator.http, [f"{photo}/small", f"{photo}/large"]) == [JPEG, JPEG]
    assert (await client.get(public)).status_code == 404

    shown = await operator.http.get(
        (await operator.send(page, {})).headers["location"], follow_redirects=True
    )
    assert "Tutti" in shown.text
    everybody = await client.get(public)
    assert (everybody.status_code, everybody.headers["cache-control"]) == (200, "public, max-age=300")

    await operator.send(shown, {})
    assert (await client.get(public)).status_code == 404
    officer = await log_in(service, SECRET, Reader("dino-prova", frozenset({"officer"}), "Dino Prova"))
    assert [status for status, _ in await statuses(officer.http, [photo, f"{photo}/large"])] == [403, 403]
