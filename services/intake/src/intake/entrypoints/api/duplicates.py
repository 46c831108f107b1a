"""The JSON API of reports about one problem: suggestions before sending, and merging by the staff."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, Field

from chassis.service import ServiceContext
from chassis.web import Principal
from intake.app.duplicates import Candidate
from intake.app.readings import Reader
from intake.app.use_cases import UseCases
from intake.domain.draft_rules import MOST_CHARACTERS
from intake.entrypoints.api.request_body import Body


class DraftToCompare(Body):
    """What is known of a report before it is sent; nothing of it is stored."""

    category: str = Field(max_length=80, description="A code from GET /v1/categories.")
    place_id: str = Field(max_length=80, description="An id from GET /v1/places.")
    description: str = Field(
        "", max_length=MOST_CHARACTERS, description="What is wrong, as far as it is written."
    )


class PossibleDuplicate(BaseModel):
    """An open report that may be about the same problem; never its text, its contact or its tracking code."""

    report_id: str = Field(description="For `joins` of POST /v1/reports.")
    category: str
    place_id: str
    status: str
    registered_at: AwareDatetime
    voices: int = Field(description="How many reports there are about that problem.")
    due_at: AwareDatetime | None
    nearness: str = Field(description="asset, stair, building, other-stair or nearby.")
    metres: int | None = Field(
        description="From one building to the other; null when a position is not known."
    )
    score: float = Field(description="What place, category, age and words add up to.")


class PossibleDuplicates(BaseModel):
    """At most five, the most similar first; none for a draft of a private category."""

    duplicates: list[PossibleDuplicate]


class Merge(Body):
    """Merge the report into another one."""

    command_id: UUID = Field(description="Made by the client: a retry with the same id changes nothing.")
    main_id: UUID
    reason: Literal["same-problem", "same-person", "other"]


class Split(Body):
    """Split the report from the one that it is merged into."""

    command_id: UUID
    reason: Literal["mistake", "other-problem", "other"]


def serve_duplicates(api: APIRouter, use_cases: UseCases) -> None:
    """Add the suggestions before sending to the public API."""

    @api.post("/duplicates")
    async def find_duplicates(body: DraftToCompare, response: Response) -> PossibleDuplicates:
        """Open reports of public categories about the same place that may be about the same problem."""
        response.headers["Cache-Control"] = "no-store"
        found = await use_cases.duplicates.public(body.place_id, body.category, body.description)
        return PossibleDuplicates(duplicates=[_possible(one) for one in found])


def serve_merging(api: APIRouter, context: ServiceContext, use_cases: UseCases) -> None:
    """Add the suggestions beside a report, its merging and its splitting to the internal API."""
    staff = context.require("operator", "coordinator", "officer")

    @api.get("/reports/{report_id}/duplicates")
    async def find_beside(
        report_id: UUID, principal: Annotated[Principal, Depends(staff)]
    ) -> PossibleDuplicates:
        """Open reports that may be about the same problem as this one."""
        report = await use_cases.readings.admit(str(report_id), _reader(principal))
        found = await use_cases.duplicates.of_report(report)
        return PossibleDuplicates(duplicates=[_possible(one) for one in found])

    @api.post("/reports/{report_id}/merge")
    async def merge(
        report_id: UUID, body: Merge, principal: Annotated[Principal, Depends(staff)]
    ) -> dict[str, object]:
        """Merge a report, with those that share its case, into another one; the audit has a line of who did it."""
        command = str(report_id), str(body.main_id), body.reason, _reader(principal), str(body.command_id)
        return dict(await use_cases.merging.merge(*command))

    @api.post("/reports/{report_id}/split")
    async def split(
        report_id: UUID, body: Split, principal: Annotated[Principal, Depends(staff)]
    ) -> dict[str, object]:
        """Split a report from the one that it is merged into, which undoes the merging."""
        command = str(report_id), body.reason, _reader(principal), str(body.command_id)
        return dict(await use_cases.merging.split(*command))


def _reader(principal: Principal) -> Reader:
    return Reader(principal.subject, principal.roles)


def _possible(one: Candidate) -> PossibleDuplicate:
    report, suggestion = one.report, one.suggestion
    return PossibleDuplicate(
        report_id=report.report_id,
        category=report.category,
        place_id=report.place_id,
        status=report.status,
        registered_at=report.registered_at,
        voices=report.voices,
        due_at=report.due_at,
        nearness=suggestion.nearness,
        metres=None if suggestion.metres is None else round(suggestion.metres),
        score=round(suggestion.score, 3),
    )
