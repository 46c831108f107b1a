"""Earlier reports that may be about the same problem, as everybody may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from intake.app.duplicates import Candidate
from intake.domain.photos import Photo
from intake.entrypoints.pages.front import Front


@dataclass(frozen=True)
class SameProblem:
    """An earlier report: its labels, its state, and what the staff has reviewed of its text and its photos."""

    report_id: str
    words: Mapping[str, str]
    status: str
    registered_at: datetime
    voices: int
    text: str | None
    photo: Photo | None


async def same_problems(front: Front, request: Request, found: Sequence[Candidate]) -> Sequence[SameProblem]:
    """The earlier reports in the language of the reader, best first; those whose data were erased are left out."""
    cases = front.use_cases
    reports = [one.report for one in found]
    shown = []
    for public in await cases.publications.public(reports):
        report = public.report
        photos = [one for one in await cases.photos.of(report.report_id) if one.public]
        shown.append(
            SameProblem(
                report.report_id,
                await front.words(request, report.category, report.place_id),
                report.status,
                report.registered_at,
                report.voices,
                public.text,
                photos[0] if photos else None,
            )
        )
    return shown
