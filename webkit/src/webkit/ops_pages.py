"""The operations pages of a service: its vital signs, parked records, runs with their progress, and the audit."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import UUID7, BaseModel

from chassis.documents import Raw
from chassis.ids import uuid7
from chassis.service import ServiceContext
from chassis.web import OPEN, DeadLetters, Run, Vitals, readable
from webkit.guards import SessionGuard
from webkit.i18n import Texts
from webkit.i18n.languages import NAMES
from webkit.i18n.texts import KIT, review_states
from webkit.login import Visitor
from webkit.site import Site

HOME, ROLES = "/sistema", ("ops",)
TEXTS, READERS = f"{HOME}/testi", ("ops", "coordinator")
SHOWN = 50
REFRESH_SECONDS = 3
LONGEST_REASON = 1000
# What a person does when a sign is bad: the runbook of its alert.
RUNBOOKS = {
    "not-ready": "ServiceDown",
    "stuck": "ConsumerStuck",
    "resting": "ConsumerPaused",
    "stopped": "PartitionStopped",
    "parked": "RecordsParked",
    "lag": "ConsumerLagHigh",
    "outbox": "OutboxDelayed",
    "late": "LatencySloBurnFast",
}
MANY_RECORDS, OLD_SECONDS, LATE_SHARE = 1000, 60, 0.01


class StartForm(BaseModel):
    """A run on one key or on all; its id is created with the page, so that sending the form twice starts one run."""

    run_id: UUID7
    head: str = ""
    why: str = ""


def concerns(vitals: Vitals) -> Sequence[str]:
    """The codes of what needs a person, the most urgent first."""
    found = {
        "not-ready": not vitals.ready,
        "stuck": bool(vitals.stuck),
        "stopped": bool(vitals.stopped_partitions),
        "resting": bool(vitals.resting),
        "parked": vitals.parked > 0,
        "late": vitals.reports - vitals.in_time > LATE_SHARE * vitals.reports,
        "outbox": vitals.outbox_age_seconds > OLD_SECONDS,
        "lag": vitals.lag > MANY_RECORDS,
    }
    return [code for code, there in found.items() if there]


class OpsPages:
    """The operations pages of one service."""

    def __init__(
        self, context: ServiceContext, site: Site, dead_letters: DeadLetters, vitals: Callable[[], Vitals]
    ) -> None:
        self._context, self._site, self._dead_letters, self._vitals = context, site, dead_letters, vitals
        self.home = f"{HOME}/{site.service}"

    def health(self, request: Request, visitor: Visitor) -> Response:
        """The vital signs, as a fragment of the page that shows all services."""
        return self._site.fragment(request, "kit/staff/health.html", reader=visitor, **self._signs())

    async def system(self, request: Request, visitor: Visitor) -> Response:
        """The vital signs, the parked keys, the latest runs and the latest audit rows."""
        parked_keys = await self._dead_letters.parked_keys(limit=SHOWN)
        reasons = await asyncio.gather(*(self._reason(parked_key) for parked_key in parked_keys))
        return self._page(
            request,
            "kit/staff/system.html",
            visitor,
            **self._signs(),
            parked=list(zip(parked_keys, reasons, strict=True)),
            more=len(parked_keys) == SHOWN,
            runs=await self._dead_letters.runs.latest(SHOWN // 2),
            audit=await self._audit(),
        )

    async def parked_key(
        self, request: Request, visitor: Visitor, key: str, why: str = "", missing: bool = False
    ) -> Response:
        """What is parked under a key, with the forms that replay and discard it."""
        return self._page(
            request,
            "kit/staff/parked.html",
            visitor,
            422 if missing else 200,
            head=key,
            records=readable(await self._dead_letters.records(key, SHOWN)),
            why=why,
            reason_is_missing=missing,
        )

    async def run(self, request: Request, visitor: Visitor, run_id: str) -> Response:
        """One run; the page reloads while the run is open."""
        run = await self._dead_letters.runs.read(run_id)
        page = self._page(request, "kit/staff/run.html", visitor, run=run, is_open=run.state in OPEN)
        if run.state in OPEN:
            page.headers["Refresh"] = str(REFRESH_SECONDS)
        return page

    async def replay(self, request: Request, visitor: Visitor, form: StartForm) -> Response:
        """Start a replay, and follow it."""
        run = await self._dead_letters.replay(
            visitor.subject, parked_key=form.head or None, run_id=str(form.run_id)
        )
        return self.follow(request, run)

    async def discard(self, request: Request, visitor: Visitor, form: StartForm) -> Response:
        """Start to discard what is parked under a key, and follow it; without a reason the page asks for one."""
        why = form.why.strip()[:LONGEST_REASON]
        if not why:
            return await self.parked_key(request, visitor, form.head, missing=True)
        run = await self._dead_letters.discard(visitor.subject, why, form.head, str(form.run_id))
        return self.follow(request, run)

    def follow(self, request: Request, run: Run) -> Response:
        """Redirect to the page of a run."""
        return self._site.redirect(request, f"{self.home}/{run.id}")

    async def texts(self, request: Request, visitor: Visitor) -> Response:
        """The catalogues of the service that nobody has reviewed, as a fragment of the page that shows all services."""
        states = [one for one in await review_states(self._site.texts) if one.distribution != KIT.parent.name]
        return self._site.fragment(
            request,
            "kit/staff/service_texts.html",
            reader=visitor,
            service=self._site.service,
            states=states,
            names=NAMES,
        )

    def _signs(self) -> dict[str, Any]:
        vitals = self._vitals()
        return {"vitals": vitals, "concerns": concerns(vitals), "runbooks": RUNBOOKS, "ops_home": self.home}

    async def _reason(self, parked_key: Raw) -> str:
        """Why the first record of a key is parked."""
        rows = await self._dead_letters.records(parked_key["_id"], 1)
        return str(rows[0]["reason"]) if rows else ""

    async def _audit(self) -> Sequence[Raw]:
        """Who did what, without the discarded records."""
        rows = await self._dead_letters.audit(SHOWN // 2)
        shown = ("event", "counts", "run", "why")
        return [row | {name: row["details"].get(name) for name in shown} for row in rows]

    def _page(
        self, request: Request, template: str, visitor: Visitor, status: int = 200, **facts: Any
    ) -> Response:
        shared = {
            "ops_home": self.home,
            "service": self._site.service,
            "run_id": uuid7(self._context.clock()),
        }
        crumbs = [(self._site.language(request).label("area", "system"), HOME)]
        if template != "kit/staff/system.html":
            crumbs.append((self._site.service, self.home))
        return self._site.page(
            request, template, status, reader=visitor, **shared | {"crumbs": crumbs} | facts
        )


def ops_pages_router(
    context: ServiceContext, site: Site, dead_letters: DeadLetters, vitals: Callable[[], Vitals]
) -> APIRouter:
    """The operations pages of a service, for the role ops."""
    pages = OpsPages(context, site, dead_letters, vitals)
    router = APIRouter(prefix=pages.home, include_in_schema=False)
    guard = site.guard(context, *ROLES)
    _add_looking(router, pages, guard, site.guard(context, *READERS))
    _add_runs(router, pages, guard, dead_letters)
    return router


def _add_looking(router: APIRouter, pages: OpsPages, guard: SessionGuard, readers: SessionGuard) -> None:
    @router.get("")
    async def show_system(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return await pages.system(request, visitor)

    @router.get("/salute")
    async def show_health(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return pages.health(request, visitor)

    @router.get("/ferme")
    async def show_parked(
        request: Request, visitor: Annotated[Visitor, Depends(guard)], chiave: str = ""
    ) -> Response:
        return await pages.parked_key(request, visitor, chiave)

    @router.get("/testi")
    async def show_texts(request: Request, visitor: Annotated[Visitor, Depends(readers)]) -> Response:
        return await pages.texts(request, visitor)

    @router.get("/{run_id}")
    async def show_run(
        request: Request, visitor: Annotated[Visitor, Depends(guard)], run_id: UUID
    ) -> Response:
        return await pages.run(request, visitor, str(run_id))


def _add_runs(router: APIRouter, pages: OpsPages, guard: SessionGuard, dead_letters: DeadLetters) -> None:
    @router.post("/ripeti")
    async def replay(
        request: Request, visitor: Annotated[Visitor, Depends(guard)], form: Annotated[StartForm, Form()]
    ) -> Response:
        return await pages.replay(request, visitor, form)

    @router.post("/scarta")
    async def discard(
        request: Request, visitor: Annotated[Visitor, Depends(guard)], form: Annotated[StartForm, Form()]
    ) -> Response:
        return await pages.discard(request, visitor, form)

    @router.post("/{run_id}/ferma")
    async def cancel(request: Request, visitor: Annotated[Visitor, Depends(guard)], run_id: UUID) -> Response:
        return pages.follow(request, await dead_letters.runs.cancel(str(run_id), visitor.subject))

    @router.post("/{run_id}/riprendi")
    async def resume(request: Request, visitor: Annotated[Visitor, Depends(guard)], run_id: UUID) -> Response:
        return pages.follow(request, await dead_letters.runs.resume(str(run_id), visitor.subject))


def system_router(context: ServiceContext, site: Site, services: Sequence[str]) -> APIRouter:
    """The pages with the vital signs and the catalogues of all services, each loaded from the service itself."""
    router = APIRouter(include_in_schema=False)
    guard = site.guard(context, *ROLES)

    @router.get(HOME)
    async def show_all(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return site.page(request, "kit/staff/services.html", reader=visitor, services=services)

    @router.get(TEXTS)
    async def show_texts(
        request: Request, visitor: Annotated[Visitor, Depends(site.guard(context, *READERS))]
    ) -> Response:
        states = await review_states(Texts())
        page = "kit/staff/texts.html"
        return site.page(request, page, reader=visitor, states=states, names=NAMES, services=services)

    return router
