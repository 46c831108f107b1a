"""The pages for who runs routing, in the look of its other pages."""

from fastapi import APIRouter

from chassis.service import ServiceContext
from chassis.web import DeadLetters, Login, ops_pages_router
from routing.entrypoints.pages import SYSTEM, Pages


def system_router(context: ServiceContext, login: Login, dead_letters: DeadLetters) -> APIRouter:
    """What is parked, the runs and the audit."""
    pages = Pages(context, login)
    return ops_pages_router(context, login, dead_letters, SYSTEM, pages.say, pages.page)
