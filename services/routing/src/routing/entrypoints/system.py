"""The pages for who runs routing, in the look of its other pages."""

from fastapi import APIRouter

from chassis.http.context import Doors
from chassis.http.login import Login
from chassis.http.ops_pages import ops_pages_router
from chassis.parking.dead_letters import Mending
from routing.entrypoints.pages import SYSTEM, Pages


def system_router(doors: Doors, login: Login, mending: Mending) -> APIRouter:
    """What is parked, the runs and the audit."""
    pages = Pages(doors, login)
    return ops_pages_router(doors, login, mending, SYSTEM, pages.say, pages.page)
