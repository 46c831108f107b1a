"""The staff pages of listening sessions."""

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.pages.session_follow_up import follow_up_router
from intake.entrypoints.pages.session_household import household_router
from intake.entrypoints.pages.session_layout import SessionDesk
from intake.entrypoints.pages.session_problem import problem_router
from intake.entrypoints.pages.session_receipt import MakePdf, receipt_router
from intake.entrypoints.pages.session_start import start_router
from webkit.site import Site


def talks_router(context: ServiceContext, use_cases: UseCases, site: Site, make_pdf: MakePdf) -> APIRouter:
    """All pages of sessions, and their static files; the login is that of the other staff pages."""
    desk, router = SessionDesk(context, use_cases, site), APIRouter(include_in_schema=False)
    router.include_router(site.router(context))
    router.include_router(receipt_router(desk, make_pdf))
    for made in (household_router, problem_router, follow_up_router, start_router):
        router.include_router(made(desk))
    return router
