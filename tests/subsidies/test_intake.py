"""The contract of Intake, for the adapter in memory and the one over HTTP; intake's own endpoint is in tests/intake."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.subsidies.browser import officer_of, pages_in_memory
from tests.subsidies.steps import apply, report, start

from chassis.errors import Unavailable
from subsidies.adapters.intake_http import REPORTS_PER_REQUEST, HttpIntake
from subsidies.adapters.memory import MemoryIntake
from subsidies.adapters.rule_files import Rules
from subsidies.app.ports import Intake
from subsidies.domain.permissions import PermittedReport

CODE = "A84A5-ZGR6S"
KNOWN = PermittedReport(report(1), CODE, True)
REPORT = {"report_id": report(1), "tracking_code": CODE, "kind": "contribution", "added": "later"}
Answer = Callable[[httpx.Request], httpx.Response]


def over(answer: Answer) -> HttpIntake:
    return HttpIntake(
        httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake.example")
    )


def as_intake(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/internal/names":
        asked = request.url.params.get_list("report_id")
        assert len(asked) <= REPORTS_PER_REQUEST
        names = {one: {"tracking_code": CODE} for one in asked if one == report(1)}
        return httpx.Response(200, json={"names": names})
    assert (request.method, request.url.query) == ("POST", b"")
    found = REPORT if request.content == b'{"permission":"p","browser":"b"}' else None
    return httpx.Response(200, json={"report": found})


@pytest.fixture(params=["memory", "http"])
async def intake(request: pytest.FixtureRequest) -> AsyncIterator[Intake]:
    if request.param == "memory":
        yield MemoryIntake({report(1): CODE}, {("p", "b"): KNOWN})
        return
    made = over(as_intake)
    yield made
    await made.close()


async def test_codes_and_permissions_are_what_intake_knows(intake: Intake) -> None:
    assert await intake.codes_of([report(number) for number in range(250)]) == {report(1): CODE}
    assert await intake.codes_of([]) == {}
    assert await intake.permitted("p", "b") == KNOWN
    assert await intake.permitted("p", "another") is None


def fails(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("away", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        fails,
        lambda _: httpx.Response(503, json={"report": None, "names": {}}),
        lambda _: httpx.Response(403),
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(200, json=[]),
        lambda _: httpx.Response(200, json={"report": "x", "names": "x"}),
        lambda _: httpx.Response(200, json={"report": {}, "names": {"x": {}}}),
    ],
)
async def test_any_other_answer_is_no_answer(answer: Any) -> None:
    with pytest.raises(Unavailable):
        await over(answer).codes_of([report(1)])
    with pytest.raises(Unavailable):
        await over(answer).permitted("p", "b")


async def test_officers_read_the_tracking_code_and_without_intake_a_number(rules: Rules) -> None:
    intake = MemoryIntake({report(1): CODE})
    async with pages_in_memory(rules, intake=intake) as (service, login):
        await start(service, rules)
        await apply(service, 1)
        officer = await officer_of(service, login)
        queue = await officer.see("/contributi")
        place = queue.answer.text.partition('<th scope="row"><a href="')[2].partition('"')[0]
        pages = [queue, await officer.see(place), await officer.see(f"{place}/dati")]
        intake.is_up = False
        without = await officer.see(place)

    for page in pages:
        assert f"Domanda {CODE}" in page.text
    assert without.answer.status_code == 200
    assert f"Domanda {place.rpartition('/')[2][:8].upper()}" in without.text
