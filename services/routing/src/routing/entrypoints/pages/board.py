"""The board: all cases, with a filter in the address, counts and ages."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from routing.domain.rules import Route
from routing.entrypoints.pages.desk import BOARD, Desk
from routing.queries.board import AGES, NOBODY, Filter, Order, View, read_board
from routing.queries.talks import days_of_all
from webkit.login import Visitor

LONGEST = 200
E = TypeVar("E", View, Order)


def filter_of(request: Request) -> Filter:
    """The filter in the query of an address; what is not understood means all."""
    query = request.query_params
    words = {name: query.get(name, "")[:LONGEST] for name in ("quartiere", "operatore", "ufficio", "cerca")}
    order = query.get("ordine", "")
    view = _known(View, query.get("vista", ""), View.UNRESOLVED)
    page = query.get("pagina", "")
    return Filter(
        view,
        words["quartiere"],
        words["operatore"],
        words["ufficio"],
        words["cerca"],
        _known(Order, order.removeprefix("-"), Order.DUE),
        # The list of closed cases begins with the last one.
        descending=order.startswith("-") if order else view is View.CLOSED,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def _known(kind: type[E], value: str, otherwise: E) -> E:
    return kind(value) if value in [one.value for one in kind] else otherwise


def board_router(desk: Desk) -> APIRouter:
    """The route of the board."""
    router = APIRouter()

    @router.get(BOARD)
    async def show_board(request: Request, visitor: Annotated[Visitor, Depends(desk.guard())]) -> Response:
        wanted, now = filter_of(request), desk.context.clock()
        people = await desk.people()
        board = await read_board(desk.context, desk.labels, wanted, now)
        return desk.site.page(
            request,
            "staff/board.html",
            reader=visitor,
            board=board,
            days=await days_of_all(desk.context, people.register, now),
            wanted=wanted,
            names=people.names,
            labels=desk.labels,
            views=tuple(View),
            routes=tuple(Route),
            ages=AGES,
            nobody=NOBODY,
            now=now,
        )

    return router
