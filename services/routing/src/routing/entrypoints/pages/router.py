"""All staff pages of routing but those for ops."""

from datetime import timedelta

from fastapi import APIRouter

from chassis.service import ServiceContext
from routing.domain.labels import Labels
from routing.entrypoints.api.cases import STAFF
from routing.entrypoints.pages.absences import absences_router
from routing.entrypoints.pages.board import board_router
from routing.entrypoints.pages.case import case_router
from routing.entrypoints.pages.closing import closing_router
from routing.entrypoints.pages.desk import MAINTAINERS, Desk
from routing.entrypoints.pages.mine import mine_router
from routing.entrypoints.pages.moves import moves_router
from routing.entrypoints.pages.settings import settings_router
from webkit.site import Site


def pages_router(context: ServiceContext, site: Site, labels: Labels, undo: timedelta) -> APIRouter:
    """Every page of staff, the static files, and login and logout."""
    router, desk = APIRouter(include_in_schema=False), Desk(context, site, labels, undo)
    router.include_router(site.login_router(context, *STAFF, *MAINTAINERS))
    # Pages with a name come before those of a case, whose path has an id in that place.
    for made in (mine_router, board_router, absences_router, settings_router):
        router.include_router(made(desk))
    for made in (case_router, closing_router, moves_router):
        router.include_router(made(desk))
    router.include_router(site.router(context))
    return router
