"""The staff pages of intake: what tenants wrote, notes, answers, receipts and the audit of readings."""

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.pages.desk_correction import correction_router
from intake.entrypoints.pages.desk_household import household_router
from intake.entrypoints.pages.desk_inbox import inbox_router
from intake.entrypoints.pages.desk_layout import AUDITORS, STAFF, Desk
from intake.entrypoints.pages.desk_merging import merging_router
from intake.entrypoints.pages.desk_photos import photos_router
from intake.entrypoints.pages.desk_places import places_router
from intake.entrypoints.pages.desk_publication import publication_router
from intake.entrypoints.pages.desk_receipts import receipts_router
from intake.entrypoints.pages.desk_report import report_router
from intake.entrypoints.pages.desk_search import search_router
from intake.entrypoints.pages.desk_waiting import waiting_router
from webkit.site import Site


def desk_router(context: ServiceContext, use_cases: UseCases, site: Site) -> APIRouter:
    """All staff pages with their login; those with a fixed path come before those of a report."""
    desk, router = Desk(context, use_cases, site), APIRouter(include_in_schema=False)
    router.include_router(site.router(context))
    router.include_router(site.login_router(context, *STAFF, *AUDITORS))
    router.include_router(inbox_router(desk))
    router.include_router(search_router(desk))
    router.include_router(waiting_router(desk))
    router.include_router(places_router(desk))
    router.include_router(household_router(desk))
    router.include_router(publication_router(desk))
    router.include_router(correction_router(desk))
    router.include_router(merging_router(desk))
    router.include_router(report_router(desk))
    router.include_router(receipts_router(desk))
    router.include_router(photos_router(desk))
    return router
