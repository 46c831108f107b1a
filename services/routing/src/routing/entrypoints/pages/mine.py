"""The work of one operator: their open cases."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from routing.entrypoints.pages.board import filter_of
from routing.entrypoints.pages.desk import BOARD, HOME, Desk
from routing.queries.board import read_mine
from routing.queries.talks import today_of
from webkit.login import Visitor


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

    return router
