"""The public reports as pages: a list by neighbourhood, topic and state, and each report with what happened."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response

from chassis.errors import Refused
from contracts.instants import read_instant
from intake.app.public_list import ListFilter
from intake.app.public_requests import PublicRequest
from intake.domain.public_reports import CLOSED, OPEN
from intake.domain.reports import Status, Step
from intake.entrypoints.pages.areas import areas_of
from intake.entrypoints.pages.front import Front
from webkit.addresses import Address
from webkit.i18n import Language
from webkit.i18n.formats import day

HOME = "/segnalazioni-pubbliche"
_STATES = {"aperte": OPEN, "chiuse": CLOSED}


class PublicReportPages:
    """Shows what everybody may see, in the language of the reader."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def list(self, request: Request, wanted: ListFilter) -> Response:
        """A page of the list."""
        registers, language = self._cases.registers, self._front.language(request)
        found = await self._cases.public_list.page(wanted)
        labels, areas = await self._labels(language), areas_of(await registers.places())
        return self._front.page(
            request,
            "public_reports.html",
            wanted=wanted,
            states=_STATES,
            state=next((code for code, status in _STATES.items() if status == wanted.status), ""),
            areas=sorted(areas.items(), key=lambda row: row[1]),
            topics=sorted(labels.items(), key=lambda row: row[1].casefold()),
            labels=labels,
            reports=[(one, *_where(one)) for one in found.rows],
            older=Address.of(request).but(prima=found.older.isoformat()) if found.older else "",
            newest=Address.of(request).but(prima="") if wanted.before else "",
            now=self._front.context.clock(),
            home=HOME,
        )

    async def show(self, request: Request, report_id: str) -> Response:
        """One report; the page of a report that is not public says that there is none."""
        try:
            found = await self._cases.public_requests.one(report_id)
        except Refused as refused:
            raise Refused("no-such-page", "There is no public report with this id.", status=404) from refused
        language = self._front.language(request)
        labels = await self._labels(language)
        return self._front.page(
            request,
            "public_report.html",
            found=found,
            label_of=labels[found.category.code],
            where=", ".join(part for part in _where(found) if part),
            steps=[_row(step, language, step is found.steps[-1]) for step in found.steps],
            home=HOME,
        )

    async def _labels(self, language: Language) -> Mapping[str, str]:
        registers = self._cases.registers
        words = await registers.words(language.code)
        known = (await registers.categories()).categories
        return {one.code: words.category(one) for one in known if one.is_public}


def public_reports_router(front: Front) -> APIRouter:
    """The routes of the public reports."""
    router, pages = front.router(HOME), PublicReportPages(front)

    @router.get("")
    async def show_list(
        request: Request, quartiere: str = "", argomento: str = "", stato: str = "", prima: str = ""
    ) -> Response:
        status = _STATES.get(stato, "")
        return await pages.list(request, ListFilter(quartiere[:80], argomento[:80], status, _moment(prima)))

    @router.get("/{report_id}")
    async def show(request: Request, report_id: str) -> Response:
        return await pages.show(request, report_id)

    return router


def _moment(written: str) -> datetime | None:
    """The moment, or nothing for what is none: then the list begins with the latest."""
    try:
        return read_instant(written.replace(" ", "+")) if written else None
    except ValueError:
        return None


def _where(shown: PublicRequest) -> tuple[str, str]:
    """The address of the building, or the label of a place without one, and its neighbourhood."""
    if shown.where is None:
        return "", ""
    place = shown.where.place
    around = f"{place.neighbourhood_label} ({place.province_label})"
    where = shown.where.address or place.label
    return ("" if where in around else where), around


def _row(step: Step, language: Language, is_last: bool) -> Mapping[str, str]:
    """A step as everybody sees it: what and on which day."""
    text = language.label("outcome", step.code) if step.what == Status.CLOSED and step.code else ""
    return {
        "title": language.label("step", step.what),
        "at": day(step.at, language),
        "by": "",
        "text": text,
        "state": "current" if is_last and step.what != Status.CLOSED else "done",
    }
