"""The door for who runs the system: parked records, republishing, the audit; and the same as a command line."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chassis.doors import Doors
from chassis.fields import AnyText, Instant, Line, Text
from chassis.issuer import Issuer
from chassis.mending import Mending, readable
from chassis.service_token import ServiceToken, read_secret
from chassis.tokens import Principal


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Replay(_Asked):
    """What to handle again; all there is when nothing is named."""

    head: AnyText | None = None
    topic: Line | None = None
    reason: Line | None = None


class Discard(_Asked):
    """What to give up, and why."""

    head: AnyText
    record: AnyText | None = None
    why: Annotated[Text, Field(max_length=1000)]


class StepOver(_Asked):
    """The batch to step over, as the log line `partition stopped` names it, and why."""

    topic: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")
    partition: int = Field(ge=0, lt=2**31)
    offset: int = Field(ge=0, lt=2**63)
    why: Annotated[Text, Field(max_length=1000)]


class Republish(_Asked):
    """From when on to send again."""

    since: Instant


Limit = Annotated[int, Field(ge=1, le=500)]


def ops_router(doors: Doors, mending: Mending) -> APIRouter:
    """The routes under /ops, for the role ops."""
    lock = doors.require("ops")
    api = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(lock)])
    _add_looking(api, mending)

    @api.post("/parked/replay")
    async def replay(asked: Replay, who: Annotated[Principal, Depends(lock)]) -> dict[str, int]:
        """Handle again; says how many are handled and how many still parked."""
        return await mending.replay(who.subject, asked.head, asked.topic, asked.reason)

    @api.post("/parked/discard")
    async def discard(asked: Discard, who: Annotated[Principal, Depends(lock)]) -> dict[str, int]:
        """Give up; the records stay in the audit."""
        return {"discarded": await mending.discard(who.subject, asked.why, asked.head, asked.record)}

    @api.post("/step-over")
    async def step_over(asked: StepOver, who: Annotated[Principal, Depends(lock)]) -> dict[str, str]:
        """Let a partition go on behind a batch that nobody here can read; the batch is parked unread."""
        place = (asked.topic, asked.partition, asked.offset)
        return {"allowed": await mending.step_over(who.subject, asked.why, *place)}

    @api.post("/republish")
    async def republish(asked: Republish, who: Annotated[Principal, Depends(lock)]) -> dict[str, int]:
        """Send again what was sent since a time."""
        return {"republished": await mending.republish(who.subject, asked.since)}

    return api


def _add_looking(api: APIRouter, mending: Mending) -> None:

    @api.get("/parked")
    async def list_parked(topic: Line | None = None, limit: Limit = 100) -> list[dict[str, Any]]:
        """The keys that have stopped."""
        return readable(await mending.heads(topic, limit))

    @api.get("/parked/records")
    async def show_parked(head: AnyText, limit: Limit = 100) -> list[dict[str, Any]]:
        """The records under one key."""
        return readable(await mending.records(head, limit))

    @api.get("/audit")
    async def audit(limit: Limit = 100) -> list[dict[str, Any]]:
        """What was done here, latest first."""
        return readable(await mending.audit(limit))


def main(words: Sequence[str]) -> int:
    """Ask a service's ops door from the command line and print its answer as JSON."""
    asked = _parser().parse_args(words)
    answer = asyncio.run(_ask(asked))
    print(json.dumps(answer.json(), indent=1, ensure_ascii=False))  # noqa: T201
    return 0 if answer.is_success else 1


async def _ask(asked: argparse.Namespace) -> httpx.Response:
    body = {name: value for name, value in vars(asked).items() if name in asked.fields and value is not None}
    method, path = asked.call
    async with (
        httpx.AsyncClient(timeout=5, trust_env=False) as to_issuer,
        httpx.AsyncClient(base_url=asked.url, timeout=60, trust_env=False) as client,
    ):
        issuer = Issuer(asked.issuer, to_issuer, address=asked.discovery, development=True)
        token = ServiceToken(issuer, asked.client, read_secret(asked.client_secret))
        client.auth = token
        return await (client.get(path, params=body) if method == "GET" else client.post(path, json=body))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chassis.ops", description=main.__doc__)
    parser.add_argument("--url", required=True, help="where the service answers")
    parser.add_argument("--issuer", required=True, help="the issuer of identities, as its tokens name it")
    parser.add_argument("--discovery", default="", help="where the issuer answers, when not under its name")
    parser.add_argument("--client", required=True, help="a client of the issuer that has the role ops")
    parser.add_argument("--client-secret", type=Path, required=True, help="file with its secret")
    verbs = parser.add_subparsers(required=True)
    table: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
        "list": (("GET", "/ops/parked"), ("topic", "limit")),
        "show": (("GET", "/ops/parked/records"), ("head", "limit")),
        "replay": (("POST", "/ops/parked/replay"), ("head", "topic", "reason")),
        "discard": (("POST", "/ops/parked/discard"), ("head", "record", "why")),
        "step-over": (("POST", "/ops/step-over"), ("topic", "partition", "offset", "why")),
        "republish": (("POST", "/ops/republish"), ("since",)),
        "audit": (("GET", "/ops/audit"), ("limit",)),
    }
    for name, (call, fields) in table.items():
        verb = verbs.add_parser(name)
        verb.set_defaults(call=call, fields=fields)
        for field in fields:
            verb.add_argument(f"--{field}", required=(name, field) in _NEEDED)
    return parser


_NEEDED = {("show", "head"), ("discard", "head"), ("discard", "why"), ("republish", "since")}
_NEEDED |= {("step-over", name) for name in ("topic", "partition", "offset", "why")}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
