"""What was heard and cannot become a report as it is: kept encrypted, completed or discarded by the desk, never lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.conftest import NOON, SECRET
from tests.intake.photo_files import file_of, picture

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportRegistered
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.app.waiting import Heard
from intake.domain.drafts import Contact, Draft
from intake.domain.entries import Author
from intake.domain.photos import Size
from intake.domain.waiting import MOST_KEPT, WaitingSource, WaitingState, storable
from intake.handlers.documents import PRIVATE, REPORTS, WAITING

CLARA = Reader("clara-esempio", frozenset({"coordinator"}))
ADA = Reader("ada-esempio", frozenset({"operator"}))
BRUNO = Reader("bruno-esempio", frozenset({"operator"}))
HEARD_AT = NOON - timedelta(hours=3)
SAID = Draft("ascensore-vecchio", "", "L'ascensore è fermo", contact=Contact("Ida Finta", phone="035 000000"))
COMPLETED = replace(SAID, category="ascensore", place_id="bg-malpensata-01")


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)


def by_phone(draft: Draft = SAID, id: str = "") -> Heard:  # noqa: A002
    reasons = ("category-gone", "no-place")
    return Heard(id or uuid7(NOON), WaitingSource.PHONE, reasons, draft, HEARD_AT, operator=ADA.subject)


def by_mail() -> Heard:
    return replace(by_phone(), id=uuid7(NOON), source=WaitingSource.MAIL, operator=None)


async def test_an_item_is_kept_encrypted_and_completed_into_a_report_that_was_heard_when_it_was_said(
    cases: UseCases, service: MemoryService
) -> None:
    kept = await cases.waiting.keep(by_phone())
    stored = str([await service.store.query(one.name, {}) for one in (WAITING, PRIVATE)])
    read = await cases.waiting.read(kept.id, ADA)

    known = await cases.waiting.settle(kept.id, ADA, COMPLETED, uuid7(NOON))

    report = await service.context.load(REPORTS, kept.id)
    item = await cases.waiting.find(kept.id)
    [registered] = [one for one in await service.published() if isinstance(one, ReportRegistered)]
    assert "ascensore è" not in stored
    assert "Ida" not in stored
    assert read.content is not None
    assert read.content.text == SAID.description
    assert not known
    assert report is not None
    assert item is not None
    assert (report.heard_at, report.place_id, registered.heard_at) == (HEARD_AT, "bg-malpensata-01", HEARD_AT)
    assert (item.state, item.by, item.settled_at) == (WaitingState.SETTLED, ADA.subject, NOON)
    assert (await cases.contents.read(kept.id)).content == replace(
        read.content, contact=Contact("Ida Finta", phone="035 000000")
    )
    [reading] = await cases.readings.of(kept.id)
    assert (reading.by, reading.part) == (ADA.subject, "waiting")


async def test_the_same_item_again_is_one_and_tells_what_became_of_it(
    cases: UseCases, service: MemoryService
) -> None:
    heard = by_phone()
    first = await cases.waiting.keep(heard)
    await service.store.drop("inbox")  # what its time to live removes
    again = await cases.waiting.keep(heard)
    await cases.waiting.settle(heard.id, CLARA, COMPLETED, uuid7(NOON))

    assert (first.known, again.known, again.state) == (False, True, WaitingState.WAITING)
    assert (await cases.waiting.keep(heard)).state is WaitingState.SETTLED
    assert await cases.waiting.settle(heard.id, ADA, COMPLETED, uuid7(NOON))
    with pytest.raises(Refused, match="id-reused"):
        await cases.waiting.keep(by_phone(replace(SAID, description="Altro"), heard.id))


async def test_what_waits_is_not_registered_under_its_id_past_the_desk(cases: UseCases) -> None:
    kept = await cases.waiting.keep(by_phone())

    with pytest.raises(Refused, match="report-waits"):
        await cases.submissions.accept(await cases.submissions.judge(COMPLETED), kept.id)


async def test_the_phone_that_sent_an_item_gets_the_receipt_of_its_report(cases: UseCases) -> None:
    heard = replace(by_phone(), sender="secret of the phone")
    await cases.waiting.keep(heard)
    await cases.waiting.settle(heard.id, CLARA, COMPLETED, uuid7(NOON))

    assert await cases.submissions.receipt(heard.id, "secret of the phone") is not None
    assert await cases.submissions.receipt(heard.id, "another secret") is None


async def test_operators_see_what_they_took_down_and_coordinators_all_the_longest_waiting_first(
    cases: UseCases, service: MemoryService
) -> None:
    first = await cases.waiting.keep(by_phone())
    service.now = NOON + timedelta(minutes=1)
    second = await cases.waiting.keep(by_mail())

    async def seen(reader: Reader) -> list[str]:
        return [one.id for one in (await cases.waiting.list(reader)).items]

    assert await seen(CLARA) == [first.id, second.id]
    assert await seen(ADA) == [first.id]
    assert await seen(BRUNO) == []
    for item_id in (first.id, second.id):
        with pytest.raises(Refused, match="not-your-item"):
            await cases.waiting.read(item_id, BRUNO)
    with pytest.raises(Refused, match="no-such-item"):
        await cases.waiting.read(uuid7(NOON), CLARA)


async def test_a_draft_that_is_still_wrong_is_refused_and_the_item_waits(cases: UseCases) -> None:
    kept = await cases.waiting.keep(by_phone())

    with pytest.raises(Refused, match="unknown-place"):
        await cases.waiting.settle(kept.id, ADA, replace(COMPLETED, place_id="nowhere"), uuid7(NOON))

    item = await cases.waiting.find(kept.id)
    assert item is not None
    assert item.waits


async def test_a_discarded_item_is_read_for_30_days_and_then_erased(
    cases: UseCases, service: MemoryService
) -> None:
    kept = await cases.waiting.keep(by_mail())
    with pytest.raises(Refused, match="reason-missing"):
        await cases.waiting.discard(kept.id, CLARA, "boring", uuid7(NOON))

    assert not await cases.waiting.discard(kept.id, CLARA, "spam", uuid7(NOON))
    assert await cases.waiting.discard(kept.id, CLARA, "spam", uuid7(NOON))

    with pytest.raises(Refused, match="item-discarded"):
        await cases.waiting.settle(kept.id, CLARA, COMPLETED, uuid7(NOON))
    assert (await cases.waiting.read(kept.id, CLARA)).content is not None
    service.now = NOON + timedelta(days=31)
    await service.fire_timers()
    assert (await cases.waiting.read(kept.id, CLARA)).content is None


async def test_a_settled_item_is_not_discarded(cases: UseCases) -> None:
    kept = await cases.waiting.keep(by_phone())
    await cases.waiting.settle(kept.id, ADA, COMPLETED, uuid7(NOON))

    with pytest.raises(Refused, match="item-settled"):
        await cases.waiting.discard(kept.id, ADA, "other", uuid7(NOON))


async def test_photos_come_before_the_desk_and_stay_with_the_report(cases: UseCases) -> None:
    kept = await cases.waiting.keep(by_phone())

    photo, known = await cases.photos.add(kept.id, file_of(picture()), Author.STAFF, ADA.subject)
    await cases.waiting.settle(kept.id, ADA, COMPLETED, uuid7(NOON))

    assert not known
    assert [one.sha256 for one in await cases.photos.readable(kept.id)] == [photo.sha256]
    assert await cases.photos.read(kept.id, photo.sha256, Size.SMALL)


@given(st.text(st.characters(), max_size=200) | st.text(alphabet="\x00\ud800\udfffa", max_size=50))
def test_whatever_was_written_can_be_stored(written: str) -> None:
    kept = storable(written * 300)

    assert len(kept) <= MOST_KEPT
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
