"""The bare route: Starlette receives a report, pydantic validates it, one insert stores it, and the answer is 201."""

import uuid
from typing import Any

import uvicorn
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.variants.task import Task


class NewContact(BaseModel):
    """How to reach the reporter."""

    name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=200)
    phone: str | None = Field(None, max_length=50)


class NewReport(BaseModel):
    """The fields of the public API; their contents are not looked up."""

    model_config = ConfigDict(extra="forbid")

    category: str = Field(max_length=64)
    place_id: str = Field(max_length=64)
    description: str = Field(max_length=4000)
    language: str = Field("it", pattern="^[a-z]{2}$")
    channel: str = "api"
    heard_at: AwareDatetime | None = None
    contact: NewContact | None = None
    frailty: bool = False
    flat: str | None = None
    answers: dict[str, Any] | None = None


async def serve(task: Task) -> None:
    """Serve until killed, on the port that the task names."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(task.durable)
    reports = client[task.database]["reports"]

    async def accept(request: Request) -> JSONResponse:
        report = NewReport.model_validate_json(await request.body())
        id_ = str(uuid.uuid4())
        await reports.insert_one({"_id": id_} | report.model_dump())
        return JSONResponse({"report_id": id_}, 201)

    app = Starlette(routes=[Route("/v1/reports", accept, methods=["POST"])])
    config = uvicorn.Config(
        app, host="127.0.0.1", port=int(task.folder), log_level="warning", access_log=False
    )
    await uvicorn.Server(config).serve()
