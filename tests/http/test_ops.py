"""The ops door and its command line: what takes long is started, followed, stopped and gone on with; nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.http.services import NOW, Furnished, furnished

from chassis.ids import uuid7
from chassis.parking.dead_letters import DeadLetters
from chassis.transaction.inputs import Input, Lineage
from chassis.transaction.parked import Record, parked_key_id
from ops.admin import _parser, ask, main

CONNECTION = ["--url", "http://here", "--issuer", "http://issuer", "--client", "c", "--client-secret", "f"]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Furnished]:
    async with furnished("notify", tmp_path) as made:
        await made.process.shard_leases.rebalance()
        yield made


@pytest.fixture
async def client(service: Furnished) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer ops"}
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here", headers=headers) as made:
        yield made


async def park(service: Furnished, keys: int, each: int = 1) -> str:
    """Park records that nobody can read; returns the head of the first key."""
    session = await service.store.session()
    for first in range(0, keys, 200):
        inputs = []
        for n in range(first, min(keys, first + 200)):
            for part in range(each):
                place = Record("intake.reports", 0, n * each + part, b"key-%d" % n, b"{", ())
                name = f"{n}/{part}"
                inputs.append(
                    Input(name, None, NOW, f"key-{n}", Lineage(name), record=place, unreadable="not JSON")
                )
        await service.process.unit_of_work.run(session, inputs)
    return parked_key_id("notify", "intake.reports", "key-0")


async def drive(dead_letters: DeadLetters) -> None:
    """What the loops of a process do, until it is ended."""
    while True:
        for kind in dead_letters.runs.kinds.values():
            await dead_letters.runs.advance(kind)
        await asyncio.sleep(0.01)


@pytest.fixture
async def driven(service: Furnished) -> AsyncIterator[None]:
    task = asyncio.create_task(drive(await service.process.open_dead_letters()))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_replay_of_a_thousand_keys_is_answered_at_once_and_written_down_before_it_begins(
    service: Furnished, client: httpx.AsyncClient
) -> None:
    await park(service, 1_000)

    answer = await client.post("/ops/parked/replay", json={})

    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/ops/runs/{run['id']}"
    assert (run["state"], run["done"], run["kind"], run["by"]) == ("waiting", 0, "replay", "ops")
    assert "cursor" not in run
    [noted] = (await client.get("/ops/audit")).json()
    assert (noted["by"], noted["action"], noted["details"]["event"]) == ("ops", "replay", "asked")
    assert (await client.get(answer.headers["location"])).json() == run
    assert (await client.get("/ops/runs")).json() == [run]


async def test_a_start_that_is_sent_again_is_the_same_run_and_another_body_is_refused(
    client: httpx.AsyncClient,
) -> None:
    run_id = uuid7(NOW)
    body = {"run_id": run_id, "since": "2026-11-20T10:00:00+01:00"}

    first = await client.post("/ops/republish", json=body)
    again = await client.post("/ops/republish", json=body | {"since": "2026-11-20T09:00:00Z"})
    other = await client.post("/ops/republish", json=body | {"since": "2026-11-21T09:00:00Z"})
    second = await client.post("/ops/republish", json={"since": "2026-11-20T09:00:00Z"})

    assert [one.status_code for one in (first, again, other, second)] == [202, 202, 422, 409]
    assert again.json() == first.json()
    assert run_id in second.json()["detail"]
    assert f"/ops/runs/{run_id}" in second.json()["fix"]


@pytest.mark.parametrize("run_id", ["x", "6f1f0a52-6d0e-4f3e-9a55-0d6f0f0c5a11", 7])
async def test_an_id_of_a_run_that_is_no_uuid7_is_refused_by_name(
    client: httpx.AsyncClient, run_id: Any
) -> None:
    answer = await client.post("/ops/parked/replay", json={"run_id": run_id})

    assert (answer.status_code, answer.json()["field"]) == (422, "run_id")


@pytest.mark.parametrize(
    "since",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-11-23T09:00:01Z",
        "2026-11-01T00:00:00Z",
        "2026-11-20T10:00:00",
    ],
)
async def test_a_time_that_nothing_is_kept_of_is_refused_by_name(
    client: httpx.AsyncClient, since: str
) -> None:
    answer = await client.post("/ops/republish", json={"since": since})

    assert (answer.status_code, answer.json()["field"]) == (422, "since")
    assert answer.json()["fix"]


@pytest.mark.parametrize("call", ["", "/cancel", "/resume"])
async def test_a_run_that_there_is_not_is_not_found(client: httpx.AsyncClient, call: str) -> None:
    method = "POST" if call else "GET"

    answer = await client.request(method, f"/ops/runs/{uuid7(NOW)}{call}")

    assert (answer.status_code, answer.json()["title"]) == (404, "unknown run")


async def test_a_run_is_cancelled_and_resumed_at_the_door(
    service: Furnished, client: httpx.AsyncClient
) -> None:
    place = (await client.post("/ops/parked/replay", json={})).headers["location"]

    cancelled = [(await client.post(f"{place}/cancel")).json() for _ in range(2)]
    resumed = (await client.post(f"{place}/resume")).json()

    assert [one["state"] for one in (*cancelled, resumed)] == ["cancelled", "cancelled", "waiting"]
    assert cancelled[0]["ended_at"] is not None
    assert resumed["ended_at"] is None


async def test_one_record_is_given_up_at_once_and_a_key_in_a_run(
    service: Furnished, client: httpx.AsyncClient, driven: None
) -> None:
    head = await park(service, 1, each=600)
    one = {"head": head, "record": f"{head}#00000000", "why": "a copy"}

    first = await client.post("/ops/parked/discard", json=one)
    gone = await client.post("/ops/parked/discard", json=one)
    rest = await client.post("/ops/parked/discard", json={"head": head, "why": "a copy"})

    assert (first.status_code, first.json()) == (200, {"discarded": 1})
    assert (gone.status_code, gone.json()["title"]) == (404, "nothing parked")
    assert rest.status_code == 202
    while (run := (await client.get(rest.headers["location"])).json())["state"] != "done":
        await asyncio.sleep(0.01)
    assert run["counts"] == {"discarded": 599}
    nothing = await client.post("/ops/parked/discard", json={"head": head, "why": "a copy"})
    assert nothing.status_code == 404
    assert (await client.get("/ops/parked")).json() == []


async def cli(client: httpx.AsyncClient, *words: str) -> tuple[Any, bool]:
    return await ask(client, _parser().parse_args([*CONNECTION, *words]))


async def test_the_command_line_follows_a_run_to_its_end(
    service: Furnished, client: httpx.AsyncClient, driven: None, capsys: pytest.CaptureFixture[str]
) -> None:
    await park(service, 30)

    run, well = await cli(client, "replay", "--topic", "intake.reports")

    assert (well, run["state"], run["counts"]) == (True, "done", {"still-parked": 30})
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == f"run {run['id']} done: 30 of 30, 30 still-parked"
    assert await cli(client, "run", "--id", run["id"]) == (run, True)
    assert await cli(client, "runs") == ([run], True)


async def test_a_run_that_does_not_end_well_is_a_failure_of_the_command(
    service: Furnished, client: httpx.AsyncClient
) -> None:
    run_id = uuid7(NOW)
    following = asyncio.create_task(
        cli(client, "republish", "--since", "2026-11-20T09:00:00Z", "--id", run_id)
    )
    while not (await client.get("/ops/runs")).json():
        await asyncio.sleep(0.01)

    cancelled = await cli(client, "cancel", "--id", run_id)

    assert (cancelled[0]["state"], cancelled[1]) == ("cancelled", True)
    run, well = await following
    assert (run["state"], well) == ("cancelled", False)


async def test_nobody_has_to_wait(client: httpx.AsyncClient) -> None:
    run, well = await cli(client, "replay", "--no-wait")
    refused, ill = await cli(client, "republish", "--since", "2020-01-01T00:00:00Z", "--no-wait")

    assert (run["state"], well) == ("waiting", True)
    assert (refused["field"], ill) == ("since", False)


class Deaf(httpx.AsyncBaseTransport):
    """A service whose first answers are lost on their way, or that is being started."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.troubles = inner, [503, 0]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        if not self.troubles:
            return answer
        if status := self.troubles.pop():
            return httpx.Response(status, request=request)
        raise httpx.ReadError("lost")


async def test_a_start_whose_answer_is_lost_is_sent_again_and_starts_one_run(
    service: Furnished, client: httpx.AsyncClient
) -> None:
    deaf = Deaf(httpx.ASGITransport(service.app))
    async with httpx.AsyncClient(transport=deaf, base_url="http://here", headers=client.headers) as lossy:
        run, well = await cli(lossy, "replay", "--no-wait")

    assert well
    assert [one["id"] for one in (await client.get("/ops/runs")).json()] == [run["id"]]


def test_the_command_line_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    needed: Sequence[str] = ("run", "cancel", "resume")
    for verb in needed:
        with pytest.raises(SystemExit):
            main([*CONNECTION, verb])
        assert "--id" in capsys.readouterr().err
