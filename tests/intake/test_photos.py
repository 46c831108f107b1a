"""Photos through the JSON API: kept once, sealed, shown to who may see them, and gone with their report."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest
from tests.intake.conftest import NOON
from tests.intake.photo_files import SVG, TURNED_HEIC, bomb, file_of, picture, zipped

from chassis.ids import uuid7
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from contracts.routing import CaseResolved
from intake.app import uploads
from intake.app.photo_data import PIECES
from intake.domain.photos import MOST_BYTES, MOST_PHOTOS
from intake.handlers.documents import PHOTOS, PRIVATE
from intake.queries.readings import readings_of

SENDER = {"Ascolto-Sender": "s" * 32}
OPERATOR = {"Authorization": "Bearer token-of-operator"}
PHOTO = file_of(picture())
NAME = sha256(PHOTO).hexdigest()


async def reported(client: httpx.AsyncClient) -> tuple[str, Mapping[str, str]]:
    """A new report: the address of its photos, and its PIN as a header."""
    body = {"category": "ascensore", "place_id": "bg-malpensata-01", "description": "È fermo"}
    made = (await client.post("/v1/reports", json=body, headers=SENDER)).json()
    return f"/v1/reports/{made['report_id']}/photos", {"Ascolto-Pin": made["pin"]}


async def put(
    client: httpx.AsyncClient, photos: str, data: bytes = PHOTO, headers: Mapping[str, str] = SENDER
) -> httpx.Response:
    return await client.put(f"{photos}/{sha256(data).hexdigest()}", content=data, headers=headers)


async def erase(store: MemoryStore, report_id: str) -> None:
    row = await store.get(PRIVATE.name, report_id)
    assert row is not None
    row["state"]["key"] = b""
    session = await store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": report_id}, row)]))


def slug_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def test_a_photo_is_stored_once_under_its_hash_and_a_repeat_gets_the_same_answer(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    photos, pin = await reported(client)

    first = await put(client, photos)
    again = await put(client, photos)
    await store.drop("inbox")  # what its time to live removes
    later = await put(client, photos, headers=pin)
    both = await put(client, photos, TURNED_HEIC, pin)

    assert [one.status_code for one in (first, again, later, both)] == [201, 200, 200, 201]
    assert first.json() == again.json() == later.json()
    listed = (await client.get(photos, headers=pin)).json()["photos"]
    assert [one["sha256"] for one in listed] == [NAME, sha256(TURNED_HEIC).hexdigest()]
    assert [(one["size"], one["width"]) for one in listed[0]["sizes"]] == [
        ("large", 96),
        ("medium", 96),
        ("small", 96),
    ]


async def test_the_pieces_are_sealed_and_the_sizes_are_jpegs(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    photos, _ = await reported(client)
    await put(client, photos)

    shown = await client.get(f"{photos}/{NAME}/small", headers=SENDER)

    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.content.startswith(b"\xff\xd8\xff")
    pieces = await store.query(PIECES, {})
    assert not any(b"\xff\xd8\xff" in bytes(row["data"]) or shown.content in row["data"] for row in pieces)


async def test_a_large_size_has_several_pieces_and_they_cannot_be_exchanged(
    client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.sealing.PIECE_BYTES", 150)
    photos, _ = await reported(client)
    await put(client, photos)
    path = f"{photos}/{NAME}/large"

    whole = await client.get(path, headers=SENDER)
    [first, second, *_] = await store.query(PIECES, {}, [("_id", 1)])
    session = await store.session()
    swapped = [
        ({"_id": one["_id"]}, one | {"data": other["data"]})
        for one, other in ((first, second), (second, first))
    ]
    await session.transact(lambda tx: tx.replace(PIECES, swapped))
    mixed = await client.get(path, headers=SENDER)

    assert whole.content.endswith(b"\xff\xd9")
    assert len(whole.content) > 150
    assert (mixed.status_code, slug_of(mixed)) == (410, "report-erased")


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        (zipped(), 415, "not-a-photo"),
        (SVG, 415, "not-a-photo"),
        (PHOTO[:-200], 422, "photo-unreadable"),
        (bomb(), 422, "photo-too-many-pixels"),
        (bytes(MOST_BYTES + 1), 413, "too-large"),
    ],
    ids=["zip", "svg", "cut", "bomb", "large"],
)
async def test_what_is_no_photo_is_refused_with_its_name_and_leaves_nothing(
    data: bytes, status: int, slug: str, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    photos, _ = await reported(client)

    refused = await put(client, photos, data)

    assert (refused.status_code, slug_of(refused)) == (status, slug)
    assert status == 413 or refused.json()["fix"]
    assert (await store.query(PIECES, {}), await store.query(PHOTOS.name, {})) == ([], [])


async def test_another_body_under_the_hash_is_refused_before_and_after_the_photo_is_there(
    client: httpx.AsyncClient,
) -> None:
    photos, _ = await reported(client)
    other = file_of(picture(50, 50))

    before = await client.put(f"{photos}/{NAME}", content=other, headers=SENDER)
    await put(client, photos)
    after = await client.put(f"{photos}/{NAME}", content=other, headers=SENDER)

    assert [(one.status_code, slug_of(one)) for one in (before, after)] == [(422, "another-hash")] * 2


async def test_a_body_without_a_length_and_too_many_bytes_at_once_are_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, _ = await reported(client)

    async def streamed() -> AsyncIterator[bytes]:
        yield PHOTO

    endless = await client.put(f"{photos}/{NAME}", content=streamed(), headers=SENDER)
    monkeypatch.setattr(uploads, "MOST_BYTES_AT_ONCE", 100)
    busy = await put(client, photos)

    assert (endless.status_code, slug_of(endless)) == (411, "length-required")
    assert (busy.status_code, slug_of(busy), busy.headers["retry-after"]) == (503, "photos-busy", "5")


async def test_only_who_holds_the_report_adds_and_sees_its_photos(client: httpx.AsyncClient) -> None:
    photos, pin = await reported(client)
    await put(client, photos)
    strangers = [
        ({}, 404),
        ({"Ascolto-Sender": "x" * 32}, 404),
        ({"Ascolto-Pin": "000000" if pin["Ascolto-Pin"] != "000000" else "1"}, 404),
        ({"Authorization": "Bearer token-of-notify"}, 403),
        ({"Authorization": "Bearer token-of-officer"}, 403),
        ({"Authorization": "Bearer nobody's"}, 401),
    ]
    for headers, status in strangers:
        answers = [
            await put(client, photos, headers=headers),
            await client.get(photos, headers=headers),
            await client.get(f"{photos}/{NAME}/large", headers=headers),
        ]
        assert [one.status_code for one in answers] == [status] * 3, headers

    nowhere = await client.get(f"/v1/reports/{uuid7(NOON)}/photos", headers=SENDER)
    missing = await client.get(f"{photos}/{'0' * 64}/large", headers=OPERATOR)
    assert (nowhere.status_code, missing.status_code, slug_of(missing)) == (404, 404, "no-such-photo")


async def test_staff_sees_a_photo_after_a_line_in_the_audit_and_a_reviewed_one_is_everybody_s(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    photos, _ = await reported(client)
    report_id = photos.split("/")[3]
    await put(client, photos, headers=OPERATOR)
    for size in ("small", "small", "large", "large"):
        shown = await client.get(f"{photos}/{NAME}/{size}", headers=OPERATOR)
        assert shown.status_code == 200

    read = [one.part for one in await readings_of(service.context, report_id)]
    [added] = (await client.get(photos, headers=SENDER)).json()["photos"]

    assert sorted(read) == ["photo", "photo", "photos"]
    assert (added["by"], added["public"]) == ("staff", False)


async def test_a_report_has_ten_photos_and_a_withdrawn_one_no_more(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    photos, _ = await reported(client)
    report_id = photos.split("/")[3]
    files = [file_of(picture(10 + number, 10)) for number in range(MOST_PHOTOS + 1)]
    for data in files[:-1]:
        assert (await put(client, photos, data)).status_code == 201
    stored = len(await service.store.query(PIECES, {}))

    one_more = await put(client, photos, files[-1])
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))
    closed = await put(client, photos, PHOTO)
    repeated = await put(client, photos, files[0])

    assert (one_more.status_code, slug_of(one_more)) == (409, "too-many-photos")
    assert (closed.status_code, slug_of(closed)) == (409, "report-ended")
    assert repeated.status_code == 200
    assert len(await service.store.query(PIECES, {})) == stored


async def test_the_photos_of_an_erased_report_cannot_be_read_nor_added(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    photos, _ = await reported(client)
    await put(client, photos)
    await erase(store, photos.split("/")[3])

    shown = await client.get(f"{photos}/{NAME}/small", headers=SENDER)
    added = await put(client, photos, TURNED_HEIC)

    assert [(one.status_code, slug_of(one)) for one in (shown, added)] == [(410, "report-erased")] * 2


async def test_what_nothing_names_for_a_day_is_deleted_and_what_is_named_stays(
    client: httpx.AsyncClient, service: MemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, _ = await reported(client)
    await put(client, photos)
    named = len(await service.store.query(PIECES, {}))
    await erase(service.store, photos.split("/")[3])
    await put(client, photos, TURNED_HEIC)  # stored, and then refused
    assert len(await service.store.query(PIECES, {})) > named

    for hours in (23, 2):
        service.now += timedelta(hours=hours)
        await service.fire_timers()
        before = len(await service.store.query(PIECES, {}))
        await service.run_jobs()

    assert (before, len(await service.store.query(PIECES, {}))) == (2 * named, named)
    assert await service.timers() == []
