"""All pages of notify, with their login and static files."""

from fastapi import APIRouter

from notify.entrypoints.api.messages import STAFF
from notify.entrypoints.pages.layout import Pages
from notify.entrypoints.pages.message_list import list_router
from notify.entrypoints.pages.models import models_router
from notify.entrypoints.pages.report_messages import report_router


def pages_router(pages: Pages) -> APIRouter:
    """The list, the messages of a report, the models, login and logout; fixed paths come before those of a message."""
    router = APIRouter(include_in_schema=False)
    router.include_router(pages.site.router(pages.context))
    router.include_router(pages.site.login_router(pages.context, *STAFF))
    router.include_router(list_router(pages))
    router.include_router(models_router(pages))
    router.include_router(report_router(pages))
    return router
