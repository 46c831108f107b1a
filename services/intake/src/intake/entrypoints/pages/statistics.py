"""The public statistics as a page, whole or of one neighbourhood, and as CSV."""

import csv
import io
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from intake.domain.disclosure import TOTAL
from intake.domain.statistics import ClosingTime, Part, Satisfaction, State, Statistics
from intake.entrypoints.pages.areas import areas_of
from intake.entrypoints.pages.front import Front
from webkit.i18n import Language
from webkit.i18n.formats import month

HOME = "/statistiche"
MOST_WRITTEN = 100
CLASSES = ("e1", "u", "n", "a", "s")
_HEADER = (
    "quartiere",
    "per",
    "voce",
    "aperte",
    "chiuse",
    "arrivate",
    "mediana",
    "p75",
    "p90",
    "giudizi",
    "giudizio_medio",
)


@dataclass(frozen=True)
class Line:
    """One line of a table; a count or a number of days that is not published is None."""

    label: str
    open: int | None
    closed: int | None
    days: tuple[int, int, int] | None
    href: str = ""
    scores: Satisfaction | None = None


class Written:
    """What was written from the present statistics, at most MOST_WRITTEN texts: readers get the same until there are new ones."""

    def __init__(self) -> None:
        self._of: Statistics | None = None
        self._texts: dict[Hashable, str] = {}

    def text(self, of: Statistics, key: Hashable, write: Callable[[], str]) -> str:
        """The text under this key, written unless it was before."""
        if of is not self._of or len(self._texts) >= MOST_WRITTEN:
            self._of, self._texts = of, {}
        if key not in self._texts:
            self._texts[key] = write()
        return self._texts[key]


class StatisticsPages:
    """Shows the statistics in the language of the reader."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases, self._written = front, front.use_cases, Written()

    async def show(self, request: Request, wanted: str) -> Response:
        """The statistics of a neighbourhood, or of all; an unknown neighbourhood is all."""
        registers, language = self._cases.registers, self._front.language(request)
        found, tree = await self._cases.statistics.current(), await registers.places()
        categories, words = await registers.categories(), await registers.words(language.code)
        areas = areas_of(tree)
        area = wanted if wanted in areas else TOTAL
        shown = (area, language.code, tree.version, categories.version, words.texts and words.texts.version)

        def write() -> str:
            labels = {one.code: words.category(one) for one in categories.categories}
            return self._content(found, areas, area, language, labels)

        content = self._written.text(found, shown, write)
        return self._front.page(request, "statistics.html", content=Markup(content))  # noqa: S704 - a template wrote it

    def _content(
        self,
        found: Statistics,
        areas: Mapping[str, str],
        area: str,
        language: Language,
        labels: Mapping[str, str],
    ) -> str:
        return self._front.site.document(
            "public/statistics_content.html",
            language,
            area=area,
            areas=sorted(areas.items(), key=lambda row: row[1]),
            area_label=areas.get(area, ""),
            whole=_line("", found, Part.CATEGORY, area, TOTAL),
            by_area=[] if area else list(_by_area(found, areas)),
            by_category=_lines(found, Part.CATEGORY, area, labels),
            by_class=_lines(
                found, Part.URGENCY, area, {one: language.label("class", one) for one in CLASSES}
            ),
            months=list(_months(found, area, language)),
            made_at=found.made_at,
        )

    async def download(self) -> Response:
        """All of it as CSV: codes, whole days, and nothing where a number is not published."""
        found, tree = await self._cases.statistics.current(), await self._cases.registers.places()
        text = self._written.text(found, ("csv", tree.version), lambda: _file(found, sorted(areas_of(tree))))
        headers = {"Content-Disposition": 'attachment; filename="statistiche.csv"'}
        return Response(text, headers=headers, media_type="text/csv; charset=utf-8")


def statistics_router(front: Front) -> APIRouter:
    """The routes of the public statistics."""
    router, pages = front.router(), StatisticsPages(front)

    @router.get(HOME)
    async def show(request: Request, quartiere: str = "") -> Response:
        return await pages.show(request, quartiere[:80])

    @router.get(f"{HOME}/dati.csv")
    async def download() -> Response:
        return await pages.download()

    return router


def _file(found: Statistics, areas: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for area in (TOTAL, *areas):
        if area == TOTAL or found.tables[State.HEARD, Part.MONTH].shown(area) is not None:
            writer.writerows(_records(found, area))
    return text.getvalue()


def _line(label: str, found: Statistics, part: Part, area: str, code: str, href: str = "") -> Line:
    opened = found.tables[State.OPEN, part].shown(area, code)
    closed = found.tables[State.CLOSED, part].shown(area, code)
    scores = found.scores(area, code) if part is Part.CATEGORY else None
    return Line(label, opened, closed, _days(found.time(part, area, code)), href, scores)


def _days(time: ClosingTime | None) -> tuple[int, int, int] | None:
    return None if time is None else (_whole(time.median), _whole(time.p75), _whole(time.p90))


def _whole(days: float) -> int:
    return floor(days + 0.5)


def _lines(found: Statistics, part: Part, area: str, labels: Mapping[str, str]) -> Sequence[Line]:
    """The lines with something to show; what else there is has no line of its own."""
    codes = dict.fromkeys(column for _, column in found.tables[State.OPEN, part].counts if column != TOTAL)
    lines = [_line(labels.get(code, code), found, part, area, code) for code in codes]
    return sorted((one for one in lines if one.open or one.closed), key=lambda one: one.label.lower())


def _by_area(found: Statistics, areas: Mapping[str, str]) -> Iterator[Line]:
    for code, label in sorted(areas.items(), key=lambda row: row[1]):
        line = _line(label, found, Part.CATEGORY, code, TOTAL, f"{HOME}?quartiere={code}")
        if line.open or line.closed:
            yield line


def _months(found: Statistics, area: str, language: Language) -> Iterator[tuple[str, int | None, int | None]]:
    heard, closed = (found.tables[state, Part.MONTH] for state in (State.HEARD, State.CLOSED))
    for one in found.months:
        label = month(date.fromisoformat(f"{one}-01"), language)
        yield label, heard.shown(area, one), closed.shown(area, one)


def _records(found: Statistics, area: str) -> Iterator[Sequence[object]]:
    name = area or "tutti"
    for part, word in ((Part.CATEGORY, "categoria"), (Part.URGENCY, "classe")):
        for code in dict.fromkeys(column for _, column in found.tables[State.OPEN, part].counts):
            line = _line("", found, part, area, code)
            if code or part is Part.CATEGORY:
                kind = (word, code) if code else ("tutto", "")
                days, scores = line.days or ("", "", ""), _scores(line.scores)
                yield (name, *kind, _cell(line.open), _cell(line.closed), "", *days, *scores)
    heard, closed = (found.tables[state, Part.MONTH] for state in (State.HEARD, State.CLOSED))
    for one in found.months:
        counts = (_cell(closed.shown(area, one)), _cell(heard.shown(area, one)))
        yield (name, "mese", one, "", *counts, *("",) * 5)


def _scores(found: Satisfaction | None) -> Sequence[object]:
    return ("", "") if found is None else (found.answers, f"{found.mean_tenths / 10:.1f}")


def _cell(count: int | None) -> object:
    return "" if count is None else count
