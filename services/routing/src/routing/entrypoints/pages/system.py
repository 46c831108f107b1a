"""The pages for ops, in the layout of the other staff pages."""

from fastapi import APIRouter

from chassis.service import ServiceContext
from chassis.web import DeadLetters
from routing.entrypoints.pages.layout import SYSTEM, Layout
from webkit.login import Login
from webkit.ops_pages import ops_pages_router


def system_router(context: ServiceContext, login: Login, dead_letters: DeadLetters) -> APIRouter:
    """The routes for parked records, runs and the audit log."""
    layout = Layout(login)
    return ops_pages_router(context, login, dead_letters, SYSTEM, lambda _: layout.notice, layout.render)
