"""A service as one process serves it, over a MongoDB with so many reports, called without a network."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI

from bench.page_requests import Asked, covers
from bench.stored_reports import CODES, LATEST, OPERATOR, SECRET, SEED, Agency
from chassis.clock import utc_now
from chassis.http.app import build_app
from chassis.service import Plan, ServiceContext
from chassis.store.mongo import MongoStore
from chassis.store.port import Store
from chassis.testing import MemoryTokens
from chassis.testing.service import committing, memory_unit_of_work
from chassis.transaction.commands import Commands
from intake.domain.reports import Status
from webkit.sessions import Identity, Sessions

SERVICES = ("intake", "routing", "subsidies", "notify")
ROLES = ("operator", "coordinator", "officer")
NOWHERE = "http://127.0.0.1:9"
TOGETHER, FILLED = 1_000, "bench-filled"
_MORE: Mapping[str, Mapping[str, object]] = {
    "subsidies": {"intake_url": NOWHERE},
    "notify": {"intake_url": NOWHERE, "smtp_host": "127.0.0.1", "smtp_port": 9},
}


@dataclass
class Served:
    """One service in this process, and the browsers and programs that ask it."""

    app: FastAPI
    paths: Sequence[str]
    cookies: dict[str, str]

    async def ask(self, asked: Asked) -> bytes:
        """The body of the answer; raises LookupError for an answer that the request is not measured for."""
        status, _, body = await self.answer("GET", asked.path, asked.who)
        if status != asked.status:
            raise LookupError(f"{asked.path} is answered with {status}: {body[:300]!r}")
        return body

    async def answer(
        self, method: str, path: str, who: str, form: Mapping[str, str] | None = None, cookie: str = ""
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body of a request; `who` is a role with a token, `desk` with all of staff's roles, or nobody."""
        plain, _, query = path.partition("?")
        sent = urlencode(form or {}).encode()
        cookies = "; ".join(filter(None, (self.cookies.get(who, ""), cookie)))
        headers = {
            "host": "127.0.0.1",
            "accept-language": "it",
            "cookie": cookies,
            "authorization": f"Bearer {who}",
        }
        if who.startswith("pin:"):
            headers["ascolto-pin"] = who.removeprefix("pin:")
        if form is not None:
            headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(sent))}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": plain, "raw_path": plain.encode(),
            "query_string": query.encode(), "root_path": "", "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        }  # fmt: skip
        got: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Any) -> None:
            got.append(message)

        await self.app(scope, receive, send)
        body = b"".join(one.get("body", b"") for one in got[1:])
        return got[0]["status"], got[0]["headers"], body

    def without(self, asked: Sequence[Asked]) -> Sequence[str]:
        """The routes that none of these requests asks, and that there is no reason to leave out."""
        return [one for one in self.paths if not covers(asked, one)]


def plan_of(service: str, folder: Path) -> Plan:
    """The plan of a service with the shipped seed."""
    secret = folder / "secret"
    secret.write_text(SECRET.hex(), encoding="ascii")
    settings = import_module(f"{service}.settings").Settings(
        kafka="127.0.0.1:9",
        mongo="mongodb://127.0.0.1/?replicaSet=rs",
        database=service,
        port=9,
        issuer=NOWHERE,
        secret=secret,
        client="client",
        client_secret=secret,
        seed=SEED / service,
        stage="development",
        public_url="http://127.0.0.1",
        **_MORE.get(service, {}),
    )
    plan: Plan = import_module(f"{service}.main").plan(settings)
    return plan


async def fill(store: Store, service: str, agency: Agency, count: int) -> None:
    """Store what the service knows of so many reports."""
    there = await store.get(FILLED, "reports")
    for start in range(0 if there is None else count, count, TOGETHER):
        rows = agency.rows(service, range(start, min(count, start + TOGETHER)))
        for name, documents in rows.items():
            await store.insert_missing(name, documents)
    await store.insert_missing(FILLED, [{"_id": "reports"}])


@asynccontextmanager
async def serving(service: str, uri: str, agency: Agency, count: int) -> AsyncIterator[Served]:
    """The service over a database with so many reports."""
    store = MongoStore(uri, f"{service}-{count}{'-full' if agency.full else ''}")
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of(service, Path(folder))
        unit = memory_unit_of_work(service, plan.reactions)
        commands = Commands(unit, unit.metrics, utc_now)
        context = ServiceContext(store, commands, utc_now, MemoryTokens.by_role())
        routers = plan.routers(context)
        app = build_app(service, unit.metrics, routers, dict, dict, error_page=plan.error_page)
        try:
            async with committing(store, commands, plan.collections):
                await store.ensure([one.name for one in plan.collections], plan.indexes)
                if plan.seed:
                    await plan.seed(context)
                await fill(store, service, agency, count)
                sessions = Sessions(store, SECRET, utc_now)
                secret = await sessions.begin(
                    f"state {utc_now()}", "nonce", Identity(OPERATOR, "Ada Esempio", ROLES), None
                )
                paths = [path for router in routers for path in _paths(router)]
                served = Served(app, paths, {"desk": f"sessione-{service}={secret}"})
                if service == "intake":
                    await log_in_tenants(served, agency)
                yield served
        finally:
            await store.close()


async def log_in_tenants(served: Served, agency: Agency) -> None:
    """Get the permission to see an open and a closed report, as a browser gets it."""
    browser = "modulo=" + "0" * 32
    for who, number in (("tenant", 0), ("closed", closed_number(agency))):
        report_id = agency.one(number).id
        form = {"code": CODES.code(report_id), "pin": CODES.pin(report_id)}
        _, headers, _ = await served.answer("POST", "/stato", "", form, browser)
        given = [value.decode().partition(";")[0] for name, value in headers if name == b"set-cookie"]
        served.cookies[who] = "; ".join([browser, *given])


def closed_number(agency: Agency) -> int:
    """The latest report that was closed, less than a month ago."""
    return next(n for n in range(LATEST) if agency.one(n).status is Status.CLOSED)


def _paths(router: APIRouter, prefix: str = "") -> list[str]:
    """The paths that are read with GET, below this router and those that it includes."""
    found: list[str] = []
    for route in router.routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            found += _paths(included, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        elif "GET" in (getattr(route, "methods", None) or ()):
            found.append(prefix + route.path)  # type: ignore[attr-defined]
    return found
