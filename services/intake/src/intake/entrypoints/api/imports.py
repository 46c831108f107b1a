"""Rows of a list that the agency imports: many reports in one request, each registered or refused on its own."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field, ValidationError

from chassis.errors import Poison, Refused
from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.api.new_report import NewReport
from intake.entrypoints.api.request_body import Body
from intake.entrypoints.api.v1 import submit

IMPORTS = "/v1/imports"
MOST_ROWS, MOST_BYTES = 100, 1_048_576


class RowProblem(BaseModel):
    """Why a row is no report: what a single request would answer."""

    field: str | None = None
    detail: str
    fix: str | None = None


class ImportedRow(BaseModel):
    """What became of a row."""

    outcome: Literal["accepted", "known", "rejected"]
    problem: RowProblem | None = None


class ImportedRows(BaseModel):
    """What became of each row, in the order of the request."""

    rows: list[ImportedRow]


class Rows(Body):
    """Rows as bodies of POST /v1/reports with an id."""

    reports: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ROWS)


def router(context: ServiceContext, use_cases: UseCases) -> APIRouter:
    """The route of the import, which nobody uses without intake's secret."""
    api = APIRouter(include_in_schema=False, dependencies=[Depends(context.require("public"))])

    @api.post(IMPORTS)
    async def import_rows(
        request: Request, body: Rows, proof: Annotated[str, Header(alias="Ascolto-Import")] = ""
    ) -> ImportedRows:
        """Register rows; one that was imported before is known, and a refused one changes nothing for the others."""
        if not use_cases.codes.proves_import(await request.body(), proof):
            raise Refused("import-not-proven", "Only an import of the agency sends many rows at once.", 403)
        rows = await asyncio.gather(*(_imported(row, use_cases) for row in body.reports))
        return ImportedRows(rows=rows)

    return api


async def _imported(row: dict[str, Any], use_cases: UseCases) -> ImportedRow:
    """What became of a row; raises Unavailable, and then the whole request is sent again."""
    try:
        submitted = await submit(NewReport.model_validate(row), use_cases, None)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "body"
        return _rejected(RowProblem(field=field, detail=f"{field}: {first['msg']}"))
    except Refused as refused:
        return _rejected(RowProblem(field=refused.field, detail=refused.detail, fix=refused.fix))
    except Poison:
        return _rejected(RowProblem(detail="The row contains something that cannot be stored."))
    return ImportedRow(outcome="known" if submitted.known else "accepted")


def _rejected(problem: RowProblem) -> ImportedRow:
    return ImportedRow(outcome="rejected", problem=problem)
