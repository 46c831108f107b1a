"""The operations pages: parked records, runs with their progress, the audit; texts and layout are the service's."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import UUID7, BaseModel

from chassis.documents import Raw
from chassis.ids import uuid7
from chassis.service import ServiceContext
from chassis.web import OPEN, DeadLetters, Run
from webkit.login import Login, SessionGuard, ShowFor, Visitor

SHOWN = 50
REFRESH_SECONDS = 3


class Render(Protocol):
    """Renders a template of the service."""

    def __call__(self, template: str, status: int, **facts: object) -> Response:
        """The page with these facts."""


class StartForm(BaseModel):
    """A replay of one key or of all; the run's id is created with the page, so that sending the form twice starts one run."""

    run_id: UUID7
    head: str = ""
    seal: str = ""


class OpsPages:
    """The operations pages; templates are `system.html` and `run.html`."""

    def __init__(
        self, context: ServiceContext, login: Login, dead_letters: DeadLetters, home: str, render: Render
    ) -> None:
        self._context, self._login, self._dead_letters, self._home, self._render = (
            context,
            login,
            dead_letters,
            home,
            render,
        )

    async def system(self, visitor: Visitor) -> Response:
        """The parked keys, the latest runs and the latest audit rows."""
        parked_keys = await self._dead_letters.parked_keys(limit=SHOWN)
        reasons = await asyncio.gather(*(self._reason(parked_key) for parked_key in parked_keys))
        return self._page(
            "system.html",
            visitor,
            parked=[
                (parked_key, reason, self._fresh())
                for parked_key, reason in zip(parked_keys, reasons, strict=True)
            ],
            more=len(parked_keys) == SHOWN,
            run_id=self._fresh(),
            runs=await self._dead_letters.runs.latest(SHOWN // 2),
            audit=await self._audit(),
        )

    async def run(self, visitor: Visitor, run_id: str) -> Response:
        """One run; the page reloads while the run is open."""
        run = await self._dead_letters.runs.read(run_id)
        page = self._page("run.html", visitor, run=run, is_open=run.state in OPEN)
        if run.state in OPEN:
            page.headers["Refresh"] = str(REFRESH_SECONDS)
        return page

    def follow(self, run: Run) -> Response:
        """Redirect to the page of a run."""
        return RedirectResponse(f"{self._home}/{run.id}", 303)

    async def _reason(self, parked_key: Raw) -> str:
        """Why the first record of a key is parked."""
        rows = await self._dead_letters.records(parked_key["_id"], 1)
        return str(rows[0]["reason"]) if rows else ""

    async def _audit(self) -> Sequence[Raw]:
        """Who did what, without the discarded records."""
        rows = await self._dead_letters.audit(SHOWN // 2)
        shown = ("event", "counts", "run")
        return [row | {name: row["details"].get(name) for name in shown} for row in rows]

    def _fresh(self) -> str:
        return uuid7(self._context.clock())

    def _page(self, template: str, visitor: Visitor, **facts: object) -> Response:
        seal = self._login.csrf.token(visitor.session)
        return self._render(template, 200, here=self._home, visitor=visitor, seal=seal, **facts)


def ops_pages_router(
    context: ServiceContext,
    login: Login,
    dead_letters: DeadLetters,
    home: str,
    show_for: ShowFor,
    render: Render,
) -> APIRouter:
    """The pages under `home`, for the role ops."""
    site = APIRouter(prefix=home, include_in_schema=False)
    pages, lock = (
        OpsPages(context, login, dead_letters, home, render),
        SessionGuard(context, login, ("ops",), show_for),
    )

    @site.get("")
    async def show_system(visitor: Annotated[Visitor, Depends(lock)]) -> Response:
        return await pages.system(visitor)

    @site.post("/ripeti")
    async def replay(
        visitor: Annotated[Visitor, Depends(lock)], form: Annotated[StartForm, Form()]
    ) -> Response:
        started = await dead_letters.replay(
            visitor.subject, parked_key=form.head or None, run_id=str(form.run_id)
        )
        return pages.follow(started)

    @site.get("/{run_id}")
    async def show_run(visitor: Annotated[Visitor, Depends(lock)], run_id: UUID) -> Response:
        return await pages.run(visitor, str(run_id))

    @site.post("/{run_id}/ferma")
    async def cancel(visitor: Annotated[Visitor, Depends(lock)], run_id: UUID) -> Response:
        return pages.follow(await dead_letters.runs.cancel(str(run_id), visitor.subject))

    @site.post("/{run_id}/riprendi")
    async def resume(visitor: Annotated[Visitor, Depends(lock)], run_id: UUID) -> Response:
        return pages.follow(await dead_letters.runs.resume(str(run_id), visitor.subject))

    return site
