"""The routes of the pages for officers, below `/contributi`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from subsidies.entrypoints.pages.application import ApplicationPages, ConfirmationForm
from subsidies.entrypoints.pages.correction import CorrectionPages
from subsidies.entrypoints.pages.layout import HOME, OFFICER, Pages
from subsidies.entrypoints.pages.lists import ListPages
from webkit.guards import SessionGuard
from webkit.login import Visitor

ONE = f"{HOME}/{{application_id}}"


def pages_router(pages: Pages) -> APIRouter:
    """All pages for officers, their static files, and login and logout."""
    router, context = APIRouter(include_in_schema=False), pages.desk.context
    guard = pages.site.guard(context, OFFICER)
    router.include_router(pages.site.router(context))
    router.include_router(pages.site.login_router(context, OFFICER))
    _add_lists(router, ListPages(pages), guard)
    _add_application(router, ApplicationPages(pages), guard)
    _add_decision(router, ApplicationPages(pages), guard)
    _add_correction(router, CorrectionPages(pages), guard)
    return router


def _add_lists(router: APIRouter, lists: ListPages, guard: SessionGuard) -> None:
    @router.get(HOME)
    async def show_queue(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return await lists.show_queue(request, visitor)

    @router.get(f"{HOME}/bilanci")
    async def show_budgets(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return await lists.show_budgets(request, visitor)

    @router.get(f"{HOME}/attesa")
    async def show_waiting(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        return await lists.show_waiting(request, visitor)


def _add_application(router: APIRouter, pages: ApplicationPages, guard: SessionGuard) -> None:
    @router.get(ONE)
    async def show(
        request: Request, application_id: UUID, visitor: Annotated[Visitor, Depends(guard)]
    ) -> Response:
        return await pages.show(request, visitor, str(application_id))

    @router.get(f"{ONE}/dati")
    async def show_data(
        request: Request, application_id: UUID, visitor: Annotated[Visitor, Depends(guard)]
    ) -> Response:
        return await pages.show_data(request, visitor, str(application_id))

    @router.post(f"{ONE}/dati", dependencies=[Depends(guard)])
    async def keep_data(request: Request, application_id: UUID) -> Response:
        return await pages.keep_data(request, str(application_id))


def _add_decision(router: APIRouter, pages: ApplicationPages, guard: SessionGuard) -> None:
    @router.get(f"{ONE}/anteprima")
    async def show_preview(
        request: Request, application_id: UUID, visitor: Annotated[Visitor, Depends(guard)]
    ) -> Response:
        return await pages.show_preview(request, visitor, str(application_id))

    @router.post(f"{ONE}/decidi", dependencies=[Depends(guard)])
    async def take(
        request: Request, application_id: UUID, form: Annotated[ConfirmationForm, Form()]
    ) -> Response:
        return await pages.take(request, str(application_id), form)

    @router.get(f"{ONE}/decisione")
    async def show_decision(
        request: Request,
        application_id: UUID,
        visitor: Annotated[Visitor, Depends(guard)],
        numero: Annotated[int | None, Query(ge=1, le=1000)] = None,
    ) -> Response:
        return await pages.show_decision(request, visitor, str(application_id), numero)


def _add_correction(router: APIRouter, pages: CorrectionPages, guard: SessionGuard) -> None:
    @router.get(f"{ONE}/annulla")
    async def show_form(
        request: Request, application_id: UUID, visitor: Annotated[Visitor, Depends(guard)]
    ) -> Response:
        return await pages.show_form(request, visitor, str(application_id))

    @router.post(f"{ONE}/annulla", dependencies=[Depends(guard)])
    async def keep_form(request: Request, application_id: UUID) -> Response:
        return await pages.keep_form(request, str(application_id))

    @router.get(f"{ONE}/annulla/anteprima")
    async def show_correction(
        request: Request, application_id: UUID, visitor: Annotated[Visitor, Depends(guard)]
    ) -> Response:
        return await pages.show_preview(request, visitor, str(application_id))

    @router.post(f"{ONE}/annulla/conferma", dependencies=[Depends(guard)])
    async def take_correction(
        request: Request, application_id: UUID, form: Annotated[ConfirmationForm, Form()]
    ) -> Response:
        return await pages.take(request, str(application_id), form)
