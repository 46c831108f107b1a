"""The lists of an officer: the queue, the budgets and the waiting list."""

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, cast

from fastapi import Request, Response

from subsidies.app.queue import QueueRequest, read_queue
from subsidies.entrypoints.pages.layout import HOME, Pages, choices, place
from subsidies.queries.applications import waiting_list
from subsidies.queries.budgets import list_budgets
from subsidies.queries.measures import measure_titles
from subsidies.queries.views import BudgetView
from webkit.login import Visitor

MOST_WAITING = 500
STATES = {"da-decidere": "open", "decise": "decided", "ritirate": "withdrawn", "tutte": "all"}
TERMS = {"scadute": "late", "in-scadenza": "soon"}
BY_TERM = "entro"


class ListPages:
    """The pages that list applications and budgets."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._context = pages, pages.desk.context

    async def show_queue(self, request: Request, visitor: Visitor) -> Response:
        """The applications by their term; filter, order and page are in the address."""
        query, language = request.query_params, self._pages.site.language(request)
        term = cast(Literal["", "late", "soon"], TERMS.get(query.get("termine", ""), ""))
        number = query.get("pagina", "")
        wanted = QueueRequest(
            state=STATES.get(query.get("stato", ""), "open"),
            term=term,
            province=query.get("provincia", "")[:64],
            latest_first=query.get("ordine") == f"-{BY_TERM}",
            page=int(number) if number.isdecimal() and len(number) < 6 else 1,
        )
        budgets, queue = await list_budgets(self._context), await read_queue(self._pages.desk, wanted)
        return self._pages.page(
            request,
            visitor,
            "queue.html",
            queue=queue,
            titles=await measure_titles(self._context),
            choices={
                "states": choices(language, "queue-state", STATES),
                "terms": choices(language, "queue-term", TERMS),
                "provinces": choices(language, "province", sorted({one.province for one in budgets})),
            },
            order=f"-{BY_TERM}" if wanted.latest_first else BY_TERM,
            references=await self._pages.references(request, [row.application for row in queue.rows]),
            place=place,
            place_of_list=lambda state, term="": f"{HOME}?stato={state}{term and f'&termine={term}'}",
        )

    async def show_budgets(self, request: Request, visitor: Visitor) -> Response:
        """Every budget with what is spent, reserved and left, by measure."""
        rows = sorted(await list_budgets(self._context), key=lambda one: (one.measure, one.code))
        groups: Sequence[tuple[str, list[BudgetView]]] = [
            (measure, list(found)) for measure, found in groupby(rows, key=lambda one: one.measure)
        ]
        return self._pages.page(
            request,
            visitor,
            "budgets.html",
            groups=groups,
            titles=await measure_titles(self._context),
        )

    async def show_waiting(self, request: Request, visitor: Visitor) -> Response:
        """The applications that wait for money, in their order, and what each budget has left."""
        language = self._pages.site.language(request)
        budgets = {one.code: one for one in await list_budgets(self._context)}
        wanted = request.query_params.get("bilancio", "")
        titles = await measure_titles(self._context)
        rows = await waiting_list(self._context, wanted if wanted in budgets else None, MOST_WAITING)
        return self._pages.page(
            request,
            visitor,
            "waiting.html",
            rows=rows,
            budgets=budgets,
            budget_options=[
                (
                    one.code,
                    f"{titles.get(one.measure, one.measure)}, {language.label('province', one.province)}",
                )
                for one in budgets.values()
            ],
            titles=titles,
            references=await self._pages.references(request, rows),
            place=place,
        )
