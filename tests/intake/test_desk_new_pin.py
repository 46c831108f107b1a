"""A new PIN at the listening point: the former one ends, and whoever made it sees it once."""

from datetime import timedelta

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.submit import Receipt
from intake.app.use_cases import UseCases, use_cases
from intake.domain.identity_checks import IdentityCheck
from intake.handlers.documents import REPORTS

ADA, BEA = (Reader(name, frozenset({"operator"})) for name in ("ada-esempio", "bea-esempio"))
NONCE, CHECK = uuid7(NOON), IdentityCheck.DOCUMENT
REPORT = {"category": "infiltrazioni", "place_id": "bg-monterosso-01", "description": "Piove"}
SENDER = {"Ascolto-Sender": "a-secret-of-our-own"}


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def made(client: httpx.AsyncClient) -> dict[str, str]:
    """The receipt of a report that was made without staff."""
    receipt: dict[str, str] = (
        await client.post("/v1/reports", json=REPORT | {"report_id": NONCE}, headers=SENDER)
    ).json()
    return receipt


async def status(client: httpx.AsyncClient, receipt: Receipt) -> int:
    answer = await client.get(f"/v1/status/{receipt.tracking_code}", headers={"Ascolto-Pin": receipt.pin})
    return answer.status_code


async def test_a_new_pin_opens_the_status_and_the_former_one_does_not(
    client: httpx.AsyncClient, cases: UseCases, made: dict[str, str]
) -> None:
    former = Receipt(made["tracking_code"], made["pin"])

    await cases.receipts.renew(made["report_id"], ADA, NONCE, CHECK)
    receipt = await cases.receipts.take(made["report_id"], ADA, NONCE)

    assert receipt.tracking_code == former.tracking_code
    assert (await status(client, receipt), await status(client, former)) == (200, 404)


async def test_a_receipt_is_shown_once_and_the_audit_says_so(
    service: MemoryService, cases: UseCases, made: dict[str, str]
) -> None:
    again = [await cases.receipts.renew(made["report_id"], ADA, NONCE, CHECK) for _ in range(2)]
    receipt = await cases.receipts.take(made["report_id"], ADA, NONCE)

    with pytest.raises(Refused, match="receipt-gone"):
        await cases.receipts.take(made["report_id"], ADA, NONCE)
    rows = await service.context.audited({"details.report_id": made["report_id"]})
    assert again == [False, True]
    assert sorted((row["by"], row["action"]) for row in rows) == [
        ("ada-esempio", "make-pin"),
        ("ada-esempio", "show-pin"),
    ]
    assert receipt.pin not in str(rows)


async def test_nobody_else_sees_a_receipt(cases: UseCases, made: dict[str, str]) -> None:
    await cases.receipts.renew(made["report_id"], ADA, NONCE, CHECK)

    with pytest.raises(Refused, match="no-such-receipt"):
        await cases.receipts.take(made["report_id"], BEA, NONCE)


async def test_the_first_pin_of_a_tenant_is_never_shown_to_staff(
    cases: UseCases, made: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="no-such-receipt"):
        await cases.receipts.take(made["report_id"], ADA)


async def test_a_receipt_is_gone_after_a_quarter_of_an_hour_and_when_a_newer_pin_replaced_it(
    service: MemoryService, cases: UseCases, made: dict[str, str]
) -> None:
    newer = uuid7(NOON + timedelta(seconds=1))
    await cases.receipts.renew(made["report_id"], ADA, NONCE, CHECK)
    await cases.receipts.renew(made["report_id"], BEA, newer, CHECK)

    with pytest.raises(Refused, match="receipt-gone"):
        await cases.receipts.take(made["report_id"], ADA, NONCE)
    service.now = NOON + timedelta(minutes=16)
    with pytest.raises(Refused, match="receipt-gone"):
        await cases.receipts.take(made["report_id"], BEA, newer)


async def test_who_resends_the_report_does_not_get_the_new_pin(
    client: httpx.AsyncClient, cases: UseCases, made: dict[str, str]
) -> None:
    await cases.receipts.renew(made["report_id"], ADA, NONCE, CHECK)

    again = await client.post("/v1/reports", json=REPORT | {"report_id": NONCE}, headers=SENDER)

    assert again.status_code == 200
    assert "pin" not in again.json()


async def test_an_officer_makes_no_pin_for_a_report_that_he_may_not_read(
    service: MemoryService, cases: UseCases, made: dict[str, str]
) -> None:
    before = await service.document(REPORTS, made["report_id"])

    with pytest.raises(Refused, match="not-your-report"):
        await cases.receipts.renew(made["report_id"], Reader("dino", frozenset({"officer"})), NONCE, CHECK)

    assert await service.document(REPORTS, made["report_id"]) == before
    assert await service.context.audited({}) == []
