"""The routes of all JSON APIs, photos among them, and of Open311."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.api import imports, internal, photos, v1
from intake.entrypoints.api.open311 import routes as open311
from intake.entrypoints.api.open311.endpoint import Endpoint
from intake.entrypoints.api.sessions import sessions_router

__all__ = ["Endpoint", "api_routers"]


def api_routers(context: ServiceContext, use_cases: UseCases, endpoint: Endpoint) -> Sequence[APIRouter]:
    """The routes that programs use."""
    return (
        v1.router(context, use_cases),
        imports.router(context, use_cases),
        photos.router(context, use_cases),
        sessions_router(context, use_cases),
        open311.router(context, use_cases, endpoint),
        internal.router(context, use_cases),
    )
