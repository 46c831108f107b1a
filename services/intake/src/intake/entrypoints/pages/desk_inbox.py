"""The desk's inbox: the list with its filter in the address, and the same as CSV."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from chassis.strict_csv import table_lines
from intake.app.inbox import UNREVIEWED, InboxView, ShownRow, end_of
from intake.domain.categories import Kind, Urgency
from intake.domain.inbox import Facet, Position, State, Wanted
from intake.entrypoints.pages.desk_layout import HOME, STAFF, WORKERS, Desk, reader_of
from webkit.addresses import Address
from webkit.i18n import Language
from webkit.i18n.formats import ROME, number
from webkit.login import Visitor

PAGE = "staff/inbox.html"
LONGEST = 200
# The names of the facets in the address.
NAMES = {
    Facet.GROUP: "gruppo",
    Facet.AREA: "quartiere",
    Facet.SOURCE: "da",
    Facet.URGENCY: "urgenza",
    Facet.PHOTOS: "foto",
}
SOURCES = ("web", "operator", "phone", "mail", "api", "import")
KINDS = {Facet.GROUP: "category-group", Facet.URGENCY: "class", Facet.SOURCE: "report-source"}
COLUMNS = (
    "codice",
    "stato",
    "urgenza",
    "categoria",
    "categoria_nome",
    "gruppo",
    "provincia",
    "quartiere",
    "luogo",
    "luogo_nome",
    "da",
    "lingua",
    "sentita",
    "ricevuta",
    "aggiornata",
    "entro",
    "ufficio",
    "esito",
)
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_POSITION = re.compile(r"(\d{1,15})\.([0-9a-f-]{36})", re.ASCII)
Options = Sequence[tuple[str, str]]


def wanted_of(request: Request) -> tuple[Wanted, Sequence[str]]:
    """What an address asks for, and the names of its days that are no days; what else is not understood means all."""
    query = request.query_params
    state = query.get("stato", "")
    since, until = _day(query.get("dal", "")), _day(query.get("al", ""))
    wrong = [
        one for one, day in (("dal", since), ("al", until)) if query.get(one, "").strip() and day is None
    ]
    chosen = {facet: query[name][:LONGEST] for facet, name in NAMES.items() if query.get(name)}
    wanted = Wanted(
        State(state) if state in list(State) else State.OPEN,
        chosen,
        since,
        until and end_of(until),
        query.get("parole", "").strip()[:LONGEST],
        oldest_first=query.get("ordine") == "ricevuta",
        after=_position(query.get("dopo", "")),
    )
    return wanted, wrong


class InboxDesk:
    """Shows the inbox."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._cases = desk, desk.use_cases

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """A page of the list under its filter."""
        wanted, wrong = wanted_of(request)
        reader, language = reader_of(visitor), self._desk.site.language(request)
        view = await self._cases.inbox.read(reader, wanted)
        is_worker = not visitor.roles.isdisjoint(WORKERS)
        waiting = await self._cases.waiting.list(reader) if is_worker else None
        query = {name: value for name, value in request.query_params.items() if value and name != "dopo"}
        return self._desk.site.page(
            request,
            PAGE,
            reader=visitor,
            wanted=wanted,
            view=view,
            rows=[(one, await self._desk.words(request, one.report)) for one in view.rows],
            options=await self._options(language, wanted, view),
            query=query,
            address=Address(HOME, query),
            chosen=len(query.items() - {("stato", "open")} - {("ordine", query.get("ordine", ""))}),
            export=f"{HOME}/elenco.csv?{urlencode(query)}",
            next_page=_next(query, view.after),
            older=_older(query, view, wanted),
            waiting=waiting,
            is_worker=is_worker,
            errors={one: language.label("desk-error", "day-unreadable") for one in wrong},
            now=self._desk.context.clock(),
        )

    async def export(self, request: Request, visitor: Visitor) -> Response:
        """The list as CSV: codes and labels, never what anybody wrote, nor a name."""
        wanted, _ = wanted_of(request)
        portions = await self._cases.inbox.export(reader_of(visitor), wanted)
        headers = {"Content-Disposition": 'attachment; filename="segnalazioni.csv"'}
        lines = self._lines(request, portions)
        return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")

    async def _lines(
        self, request: Request, portions: AsyncIterator[Sequence[ShownRow]]
    ) -> AsyncIterator[str]:
        yield table_lines([COLUMNS])
        async for rows in portions:
            yield table_lines([_cells(row, await self._desk.words(request, row.report)) for row in rows])

    async def _options(self, language: Language, wanted: Wanted, view: InboxView) -> Mapping[str, Options]:
        """The values of each facet with how many reports they would select; without those that would select none."""
        counts, places = view.counts, await self._cases.registers.places()
        labels: dict[Facet, Mapping[str, str]] = {
            facet: {code: language.label(KINDS[facet], code) for code in codes}
            for facet, codes in (
                (Facet.GROUP, [one.value for one in Kind]),
                (Facet.URGENCY, [one.value for one in Urgency]),
                (Facet.SOURCE, SOURCES),
            )
        }
        labels[Facet.AREA] = {
            area.neighbourhood or area.province: area.label
            for province in places.children(None)
            for area in (province, *places.children(province.id))
        }
        labels[Facet.PHOTOS] = {UNREVIEWED: language.label("inbox-photos", UNREVIEWED)}
        return {
            NAMES[facet]: [
                (code, f"{label} ({number(counts[facet][code], language)})")
                for code, label in labels[facet].items()
                if counts[facet][code] or wanted.chosen.get(facet) == code
            ]
            for facet in Facet
        }


def inbox_router(desk: Desk) -> APIRouter:
    """The routes of the inbox."""
    router, pages, staff = APIRouter(prefix=HOME), InboxDesk(desk), Depends(desk.guard(*STAFF))

    @router.get("")
    async def show_inbox(request: Request, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.show(request, visitor)

    @router.get("/elenco.csv")
    async def export(request: Request, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.export(request, visitor)

    return router


def _cells(shown: ShownRow, words: Mapping[str, str]) -> Sequence[str]:
    report, row = shown.report, shown.row
    times = (report.heard_at, report.registered_at, report.updated_at, report.due_at)
    return (
        report.tracking_code,
        report.status.value,
        report.urgency,
        report.category,
        words["category"],
        row.codes[Facet.GROUP],
        row.province,
        row.codes[Facet.AREA],
        report.place_id,
        words["place"],
        report.channel,
        report.language,
        *(one.astimezone(ROME).isoformat(timespec="seconds") if one else "" for one in times),
        report.route or "",
        report.outcome or "",
    )


def _day(typed: str) -> datetime | None:
    """The beginning of a day in Rome, as it is typed in Italy or as a program writes it."""
    found = _DAY.fullmatch(typed.strip())
    try:
        if found:
            day, month, year = map(int, found.groups())
            return datetime(year, month, day, tzinfo=ROME)
        return datetime.strptime(typed.strip(), "%Y-%m-%d").replace(tzinfo=ROME)
    except ValueError:
        return None


def _position(typed: str) -> Position | None:
    found = _POSITION.fullmatch(typed)
    if not found:
        return None
    try:
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(found[1]))
        return Position(at, str(UUID(found[2])))
    except (ValueError, OverflowError):
        return None


def _next(query: Mapping[str, str], after: Position | None) -> str:
    """The address of the next page, or nothing."""
    if after is None:
        return ""
    at = (after.registered_at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return f"{HOME}?{urlencode({**query, 'dopo': f'{at}.{after.report_id}'})}"


def _older(query: Mapping[str, str], view: InboxView, wanted: Wanted) -> str:
    """The address of the reports beyond those that were looked at, or nothing."""
    if view.beyond is None:
        return ""
    day = f"{view.beyond.astimezone(ROME):%d/%m/%Y}"
    name = "dal" if wanted.oldest_first else "al"
    return "" if query.get(name) == day else f"{HOME}?{urlencode({**query, name: day})}"
