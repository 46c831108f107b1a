"""The work of one operator: their open cases."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from routing.entrypoints.pages.board import filter_of
from routing.entrypoints.pages.desk import BOARD, HOME, Desk
from routing.queries.board import Filter, Row, read_mine
from routing.queries.talks import today_of
from webkit.login import Visitor

OPERATORS = ("operator",)


def mine_router(desk: Desk) -> APIRouter:
    """The route of an operator's own cases; who only coordinates is sent to the board."""
    router = APIRouter()

    @router.get(HOME)
    async def show_mine(request: Request, visitor: Annotated[Visitor, Depends(desk.guard())]) -> Response:
        if "operator" not in visitor.roles:
            return RedirectResponse(BOARD, 303)
        me, now = (await desk.people()).of(visitor), desk.context.clock()
        wanted = filter_of(request)
        mine = await read_mine(desk.context, desk.labels, me.code, wanted, now) if me else None
        return desk.site.page(
            request,
            "staff/mine.html",
            reader=visitor,
            me=me,
            mine=mine,
            today=await today_of(desk.context, visitor.subject, now),
            now=now,
        )

    @router.get(f"{HOME}/oggi")
    async def list_mine(visitor: Annotated[Visitor, Depends(desk.guard(*OPERATORS))]) -> dict[str, Any]:
        """The open cases of an operator, the earliest due date first, at most a page of them: for the app that works offline."""
        me, now = (await desk.people()).of(visitor), desk.context.clock()
        mine = await read_mine(desk.context, desk.labels, me.code, Filter(), now) if me else None
        return {"cases": [_short(row) for row in mine.rows] if mine else []}

    return router


def _short(row: Row) -> dict[str, Any]:
    return {
        "report_id": row.case.report_id,
        "category": row.category,
        "place": f"{row.place}, {row.neighbourhood}",
        "due_at": row.case.due_at.isoformat(),
        "late": row.late,
    }
