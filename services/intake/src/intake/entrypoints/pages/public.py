"""The routes of the public pages."""

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.home import home_router
from intake.entrypoints.pages.public_reports import public_reports_router
from intake.entrypoints.pages.qr_codes import qr_code
from intake.entrypoints.pages.receipt import receipt_router
from intake.entrypoints.pages.report_routes import steps_router
from intake.entrypoints.pages.statistics import statistics_router
from intake.entrypoints.pages.status_access import access_router
from intake.entrypoints.pages.status_information import information_router
from intake.entrypoints.pages.status_photos import photos_router
from intake.entrypoints.pages.status_rating import rating_router
from intake.entrypoints.pages.status_reopening import reopening_router
from intake.entrypoints.pages.status_report import report_router
from webkit.csrf import CsrfTokens
from webkit.i18n import language_routes
from webkit.site import Site


def public_router(
    context: ServiceContext, use_cases: UseCases, site: Site, csrf: CsrfTokens, public_url: str
) -> APIRouter:
    """The routes of all public pages; their errors are pages too."""

    site.share(qr_code=qr_code, public_url=public_url.rstrip("/"))
    front = Front(context, use_cases, site, csrf)
    pages = front.router()
    routers = (
        home_router,
        receipt_router,
        steps_router,
        access_router,
        report_router,
        information_router,
        reopening_router,
        rating_router,
        photos_router,
        statistics_router,
        public_reports_router,
    )
    for router in routers:
        # Not include_router: it would match every route of a router twice per request.
        pages.routes.extend(router(front).routes)
    pages.include_router(language_routes())
    pages.include_router(site.router(context))
    return pages
