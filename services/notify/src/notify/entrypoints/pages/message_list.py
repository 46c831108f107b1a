"""The list of messages, filtered by the address of the page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from chassis.errors import Unavailable
from notify.app.preview import KINDS
from notify.domain.messages import Status
from notify.entrypoints.pages.filters import ListAddress, position_text, read_filter, read_position
from notify.entrypoints.pages.layout import HOME, Pages, page_of
from notify.queries.message_pages import message_page
from webkit.login import Visitor

SHOWN = 50
LONGEST_CODE = 40


class MessageList:
    """The page that finds messages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(self, request: Request, visitor: Visitor, address: ListAddress) -> Response:
        """The messages of the filter, or the report with the tracking code that was typed."""
        code_error = ""
        if address.codice.strip():
            found = await self._with_code(address.codice)
            if isinstance(found, Response):
                return found
            code_error = found
        wanted, errors = read_filter(address)
        errors = {**errors, **({"codice": code_error} if code_error else {})}
        page = await message_page(self._pages.context, wanted, read_position(address.da), SHOWN)
        names, known = await self._pages.names_of([one.report_id for one in page.messages])
        language = self._pages.site.language(request)
        return self._pages.page(
            request,
            "staff/messages.html",
            visitor,
            422 if errors else 200,
            messages=page.messages,
            following=position_text(page.following) if page.following else "",
            names=names,
            names_known=known,
            asked=address,
            kinds=KINDS,
            statuses=tuple(Status),
            errors={field: language.label("list-error", errors[field]) for field in _in_form_order(errors)},
        )

    async def _with_code(self, written: str) -> Response | str:
        """The page of the report with this code, or the code of an error."""
        try:
            found = await self._pages.names.with_code(written.strip()[:LONGEST_CODE])
        except Unavailable:
            return "code-not-searched"
        return RedirectResponse(page_of(next(iter(found))), 303) if found else "code-unknown"


def _in_form_order(errors: dict[str, str]) -> list[str]:
    return [field for field in ("codice", "dal", "al") if field in errors]


def list_router(pages: Pages) -> APIRouter:
    """The route of the list."""
    router, shown = APIRouter(), MessageList(pages)

    @router.get(HOME)
    async def show_messages(
        request: Request,
        visitor: Annotated[Visitor, Depends(pages.guard())],
        address: Annotated[ListAddress, Query()],
    ) -> Response:
        return await shown.show(request, visitor, address)

    return router
