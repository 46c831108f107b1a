"""The operations API of a service from the command line: `python -m ops.admin`."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from chassis.clock import utc_now
from chassis.http.issuer import Issuer
from chassis.http.service_token import ServiceToken, read_secret
from chassis.ids import uuid7

OPEN = ("waiting", "running")
POLL_SECONDS, SHOW_SECONDS = 1.0, 10.0
RETRY_SECONDS = 120.0  # while a service does not answer; the run continues meanwhile


def main(words: Sequence[str]) -> int:
    """Call a service's operations API and print the answer as JSON; a verb that starts a run follows it to its end."""
    asked = _parser().parse_args(words)
    answer, well = asyncio.run(_ask(asked))
    print(json.dumps(answer, indent=1, ensure_ascii=False))  # noqa: T201
    return 0 if well else 1


async def _ask(asked: argparse.Namespace) -> tuple[Any, bool]:
    async with (
        httpx.AsyncClient(timeout=5, trust_env=False) as to_issuer,
        httpx.AsyncClient(base_url=asked.url, timeout=60, trust_env=False) as client,
    ):
        issuer = Issuer(asked.issuer, to_issuer, address=asked.discovery, development=True)
        client.auth = ServiceToken(issuer, asked.client, read_secret(asked.client_secret))
        return await ask(client, asked)


async def ask(client: httpx.AsyncClient, asked: argparse.Namespace) -> tuple[Any, bool]:
    """The answer, and whether it is a success: a followed run must be done."""
    method, path = asked.call
    body = {name: value for name, value in vars(asked).items() if name in asked.fields and value is not None}
    path = path.format(id=body.pop("id", None)) if "{id}" in path else path
    if method == "GET":
        answer = await client.get(path, params=body)
        return answer.json(), answer.is_success
    if asked.starts:
        body["run_id"] = body.pop("id", None) or uuid7(utc_now())
    answer = await _retrying(client, method, path, body)
    found = answer.json()
    if not answer.is_success or "state" not in found or not asked.follows or asked.no_wait:
        return found, answer.is_success
    return await _follow(client, found)


async def _follow(client: httpx.AsyncClient, run: dict[str, Any]) -> tuple[Any, bool]:
    shown_at, shown = -SHOW_SECONDS, ""
    while True:
        line, ended = _progress(run), run["state"] not in OPEN
        if line != shown and (ended or time.monotonic() - shown_at >= SHOW_SECONDS):
            print(line, file=sys.stderr, flush=True)  # noqa: T201
            shown_at, shown = time.monotonic(), line
        if ended:
            return run, run["state"] == "done"
        await asyncio.sleep(POLL_SECONDS)
        answer = await _retrying(client, "GET", f"/ops/runs/{run['id']}", None)
        if not answer.is_success:
            return answer.json(), False
        run = answer.json()


def _progress(run: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in run["counts"].items())
    total = "" if run["total"] is None else f" of {run['total']}"
    reason = f" ({run['reason']})" if run["reason"] else ""
    return (
        f"run {run['id']} {run['state']}: {run['done']}{total}" + (f", {counts}" if counts else "") + reason
    )


async def _retrying(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> httpx.Response:
    """Repeat the request while nobody answers; a start has an id, so it starts one run."""
    began = time.monotonic()
    while True:
        try:
            answer = await client.request(method, path, json=body)
        except httpx.TransportError:
            if time.monotonic() - began > RETRY_SECONDS:
                raise
        else:
            late = time.monotonic() - began > RETRY_SECONDS
            if late or answer.status_code not in (429, 502, 503, 504):
                return answer
        await asyncio.sleep(POLL_SECONDS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.admin", description=main.__doc__)
    parser.add_argument("--url", required=True, help="where the service answers")
    parser.add_argument("--issuer", required=True, help="the issuer of identities, as its tokens name it")
    parser.add_argument("--discovery", default="", help="where the issuer answers, when not under its name")
    parser.add_argument("--client", required=True, help="a client of the issuer that has the role ops")
    parser.add_argument("--client-secret", type=Path, required=True, help="file with its secret")
    verbs = parser.add_subparsers(required=True)
    for name, (call, fields) in _VERBS.items():
        verb = verbs.add_parser(name)
        verb.set_defaults(call=call, fields=fields, starts=name in _STARTS, follows=name in _FOLLOWED)
        for field in fields:
            verb.add_argument(f"--{field}", required=(name, field) in _NEEDED, help=_HELP.get(field))
        if name in _FOLLOWED:
            verb.add_argument("--no-wait", action="store_true", help="do not follow the run to its end")
    return parser


_VERBS: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "list": (("GET", "/ops/parked"), ("topic", "limit")),
    "show": (("GET", "/ops/parked/records"), ("head", "limit")),
    "replay": (("POST", "/ops/parked/replay"), ("head", "topic", "reason", "id")),
    "discard": (("POST", "/ops/parked/discard"), ("head", "record", "why", "id")),
    "step-over": (("POST", "/ops/step-over"), ("topic", "partition", "offset", "why")),
    "republish": (("POST", "/ops/republish"), ("since", "id")),
    "runs": (("GET", "/ops/runs"), ("limit",)),
    "run": (("GET", "/ops/runs/{id}"), ("id",)),
    "cancel": (("POST", "/ops/runs/{id}/cancel"), ("id",)),
    "resume": (("POST", "/ops/runs/{id}/resume"), ("id",)),
    "audit": (("GET", "/ops/audit"), ("limit",)),
}
_STARTS = ("replay", "discard", "republish")
_FOLLOWED = (*_STARTS, "resume")
_HELP = {"id": "of the run; a start that is sent again under its id is the same run"}
_NEEDED = {
    ("show", "head"),
    ("discard", "head"),
    ("discard", "why"),
    ("republish", "since"),
    ("run", "id"),
    ("cancel", "id"),
    ("resume", "id"),
    *(("step-over", name) for name in ("topic", "partition", "offset", "why")),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
