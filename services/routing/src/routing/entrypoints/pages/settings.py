"""The settings page: who follows what, by which terms, on which days, and where this is changed."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from routing.entrypoints.pages.desk import MAINTAINERS, SETTINGS, Desk
from routing.queries.registers import register_in_force
from webkit.login import Visitor

# Where each content is, for those who maintain the files: its code, the service and the file.
FILES: Mapping[str, tuple[str, str]] = {
    "operators": ("routing", "operators.yaml"),
    "rules": ("routing", "rules.yaml"),
    "deadlines": ("routing", "deadlines.yaml"),
    "calendar": ("routing", "calendar.yaml"),
    "places": ("intake", "places.csv"),
    "categories": ("intake", "categories.yaml"),
    "measures": ("subsidies", "measures.yaml"),
    "pack": ("subsidies", "crs-2019.yaml"),
    "words": ("notify", "words.yaml"),
    "agency": ("", "agency.yaml"),
}


def settings_router(desk: Desk) -> APIRouter:
    """The route of the settings page, for coordinators and ops."""
    router = APIRouter()

    @router.get(SETTINGS)
    async def show_settings(
        request: Request, visitor: Annotated[Visitor, Depends(desk.guard(*MAINTAINERS))]
    ) -> Response:
        return desk.site.page(
            request,
            "staff/settings.html",
            reader=visitor,
            register=await register_in_force(desk.context),
            labels=desk.labels,
            files=FILES,
        )

    return router
