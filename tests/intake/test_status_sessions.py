"""Another service asks which report a browser may see: subsidies' adapter over intake's real endpoint."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import NOON
from tests.intake.test_pages import press_send, receipt_of, walk
from tests.intake.test_status_pages import opened

from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.testing import MemoryService
from subsidies.adapters.intake_http import HttpIntake
from subsidies.domain.permissions import PermittedReport

CONTRIBUTION = (
    {"group": "contribution"},
    {"category": "contributo-affitto"},
    {"place_id": "bg-malpensata-01"},
    {"flat": "bg-malpensata-01-int2"},
    {"description": "L'affitto è troppo alto"},
    {"email": "tenant@example.org"},
)
TECHNICAL = ({"group": "technical"}, {"category": "pulizia"}, *CONTRIBUTION[2:])


@pytest.fixture
async def intake(service: MemoryService) -> AsyncIterator[HttpIntake]:
    async with service.client("token-of-notify", raises=False) as client:
        yield HttpIntake(client)


async def shown(client: httpx.AsyncClient, *typed: dict[str, str]) -> tuple[str, str, Page]:
    """A new report whose status this browser has open: its id and code, and the page."""
    receipt = await press_send(await walk(client, *typed))
    code, pin = receipt_of(receipt)
    return receipt.path.split("/")[2], code, await opened(client, code, pin)


def cookies(client: httpx.AsyncClient) -> tuple[str, str]:
    return client.cookies["stato"], client.cookies["modulo"]


async def test_the_browser_that_sent_code_and_pin_may_see_the_application_and_its_page_links_there(
    client: httpx.AsyncClient, intake: HttpIntake
) -> None:
    report_id, code, page = await shown(client, *CONTRIBUTION)

    assert await intake.permitted(*cookies(client)) == PermittedReport(report_id, code, is_contribution=True)
    assert await intake.codes_of([report_id, uuid7(NOON), report_id]) == {report_id: code}
    assert 'href="/stato/contributo"' in page.text


async def test_a_report_about_something_else_has_no_application(
    client: httpx.AsyncClient, intake: HttpIntake
) -> None:
    report_id, code, page = await shown(client, *TECHNICAL)

    assert await intake.permitted(*cookies(client)) == PermittedReport(report_id, code, is_contribution=False)
    assert "/stato/contributo" not in page.text


async def test_nobody_else_and_nobody_later_may_see_it(
    client: httpx.AsyncClient, service: MemoryService, intake: HttpIntake
) -> None:
    report_id, _, _ = await shown(client, *CONTRIBUTION)
    permission, browser = cookies(client)
    other = permission.replace(report_id, uuid7(NOON))

    for sent in ((permission, "0" * 32), (other, browser), ("", browser), (permission, ""), ("x", "y")):
        assert await intake.permitted(*sent) is None
    service.now += timedelta(minutes=59)
    assert await intake.permitted(permission, browser) is not None
    service.now += timedelta(minutes=2)
    assert await intake.permitted(permission, browser) is None


async def test_only_services_may_ask(client: httpx.AsyncClient, service: MemoryService) -> None:
    await shown(client, *CONTRIBUTION)

    for token in ("token-of-operator", None):
        async with service.client(token) as asking:
            with pytest.raises(Unavailable, match=r"intake answered 40[13] to a request for report"):
                await HttpIntake(asking).permitted(*cookies(client))
