"""The operations API: parked records, runs, the audit."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import UUID7, BaseModel, ConfigDict, Field

from chassis.fields import AnyText, Instant, Line, Text
from chassis.http.context import BearerGuard, ServiceContext
from chassis.http.tokens import Principal
from chassis.parking.dead_letters import DeadLetters, readable
from chassis.tasks.run import Run, State

RUN_PATH = "/ops/runs"


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Asked(_Step):
    run_id: UUID7 | None = Field(default=None, description="Send it to be able to repeat the call safely.")

    @property
    def id(self) -> str | None:
        """The stored id of the run."""
        return str(self.run_id) if self.run_id else None


class Replay(_Asked):
    """What to replay; everything when nothing is given."""

    head: AnyText | None = None
    topic: Line | None = None
    reason: Line | None = None


class Discard(_Asked):
    """What to discard, and why: one record at once, or everything under the key in a run."""

    head: AnyText
    record: AnyText | None = None
    why: Annotated[Text, Field(max_length=1000)]


class StepOver(_Step):
    """The batch to step over, as in the log line `partition stopped`, and why."""

    topic: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")
    partition: int = Field(ge=0, lt=2**31)
    offset: int = Field(ge=0, lt=2**63)
    why: Annotated[Text, Field(max_length=1000)]


class Republish(_Asked):
    """Since when to send again."""

    since: Instant


class RunView(BaseModel):
    """A run: `done` of `total` items are processed, as in `counts`; `reason` is why it failed or was last retried."""

    id: str
    kind: str
    asked: dict[str, str | None]
    by: str
    state: State
    counts: dict[str, int]
    done: int
    total: int | None
    created_at: datetime
    progressed_at: datetime
    ended_at: datetime | None
    reason: str | None


Limit = Annotated[int, Field(ge=1, le=500)]


def ops_router(context: ServiceContext, dead_letters: DeadLetters) -> APIRouter:
    """The routes under /ops, for the role ops."""
    api = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(context.require("ops"))])
    _add_looking(api, dead_letters)
    _add_starting(api, dead_letters, context.require("ops"))
    _add_runs(api, dead_letters, context.require("ops"))
    return api


def _started(run: Run) -> Response:
    """202 with the run and its address."""
    body = RunView.model_validate(run.view()).model_dump(mode="json")
    return JSONResponse(body, 202, {"Location": f"{RUN_PATH}/{run.id}"})


def _add_starting(api: APIRouter, dead_letters: DeadLetters, lock: BearerGuard) -> None:
    @api.post("/parked/replay", status_code=202, response_model=RunView)
    async def replay(asked: Replay, who: Annotated[Principal, Depends(lock)]) -> Response:
        """Start a run that replays parked records."""
        return _started(
            await dead_letters.replay(who.subject, asked.head, asked.topic, asked.reason, asked.id)
        )

    @api.post("/parked/discard", status_code=202, response_model=RunView)
    async def discard(asked: Discard, who: Annotated[Principal, Depends(lock)]) -> Response:
        """Discard one record (200), or start a run that discards everything under a key (202); the audit keeps the records."""
        if asked.record is not None:
            await dead_letters.discard_record(who.subject, asked.why, asked.head, asked.record)
            return JSONResponse({"discarded": 1})
        return _started(await dead_letters.discard(who.subject, asked.why, asked.head, asked.id))

    @api.post("/step-over")
    async def step_over(asked: StepOver, who: Annotated[Principal, Depends(lock)]) -> dict[str, str]:
        """Permit a partition to continue after an unreadable batch, which is parked unread."""
        place = (asked.topic, asked.partition, asked.offset)
        return {"allowed": await dead_letters.step_over(who.subject, asked.why, *place)}

    @api.post("/republish", status_code=202, response_model=RunView)
    async def republish(asked: Republish, who: Annotated[Principal, Depends(lock)]) -> Response:
        """Start a run that sends again what was sent since a time."""
        return _started(await dead_letters.republish(who.subject, asked.since, asked.id))


def _add_runs(api: APIRouter, dead_letters: DeadLetters, lock: BearerGuard) -> None:
    @api.get("/runs", response_model=list[RunView])
    async def list_runs(limit: Limit = 100) -> list[dict[str, Any]]:
        """The runs, latest first."""
        return [run.view() for run in await dead_letters.runs.latest(limit)]

    @api.get("/runs/{run_id}", response_model=RunView)
    async def show_run(run_id: UUID) -> dict[str, Any]:
        """One run."""
        return (await dead_letters.runs.read(str(run_id))).view()

    @api.post("/runs/{run_id}/cancel", response_model=RunView)
    async def cancel(run_id: UUID, who: Annotated[Principal, Depends(lock)]) -> dict[str, Any]:
        """Stop a run where it is; processed items stay processed."""
        return (await dead_letters.runs.cancel(str(run_id), who.subject)).view()

    @api.post("/runs/{run_id}/resume", response_model=RunView)
    async def resume(run_id: UUID, who: Annotated[Principal, Depends(lock)]) -> dict[str, Any]:
        """Continue a run that failed or was cancelled."""
        return (await dead_letters.runs.resume(str(run_id), who.subject)).view()


def _add_looking(api: APIRouter, dead_letters: DeadLetters) -> None:
    @api.get("/parked")
    async def list_parked(topic: Line | None = None, limit: Limit = 100) -> list[dict[str, Any]]:
        """The parked keys."""
        return readable(await dead_letters.parked_keys(topic, limit))

    @api.get("/parked/records")
    async def show_parked(head: AnyText, limit: Limit = 100) -> list[dict[str, Any]]:
        """The records under one key."""
        return readable(await dead_letters.records(head, limit))

    @api.get("/audit")
    async def audit(limit: Limit = 100) -> list[dict[str, Any]]:
        """What administrators did, latest first."""
        return readable(await dead_letters.audit(limit))
