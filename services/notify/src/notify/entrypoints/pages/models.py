"""The page that shows every kind of message in every language, with sample data, and who has reviewed the texts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from notify.app.preview import KINDS, preview_letters
from notify.entrypoints.pages.layout import HOME, Pages
from webkit.i18n import PUBLIC
from webkit.login import Visitor

PARTS = ("text", "html")


def models_router(pages: Pages) -> APIRouter:
    """The route of the page; unknown values in its address show the first of their kind."""
    router = APIRouter(prefix=HOME)

    @router.get("/modelli")
    async def show_models(
        request: Request,
        visitor: Annotated[Visitor, Depends(pages.guard())],
        tipo: str = "",
        lingua: str = "",
        parte: str = "",
    ) -> Response:
        kind, code = (tipo if tipo in KINDS else KINDS[0]), (lingua if lingua in PUBLIC else PUBLIC[0])
        part = parte if parte in PARTS else PARTS[0]
        letters = preview_letters(pages.letters, kind, code)
        return pages.page(
            request,
            "staff/models.html",
            visitor,
            kinds=KINDS,
            kind=kind,
            parts_of_mail=PARTS,
            part=part,
            shown=pages.site.texts.language(code),
            letters=letters,
            states=[state for state in pages.site.texts.review_state() if state.domain == "public"],
        )

    return router
