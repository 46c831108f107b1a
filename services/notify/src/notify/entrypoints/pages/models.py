"""The page that shows every kind of message in every language, with sample data, and who has reviewed the texts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from notify.app.preview import KINDS, preview_letters
from notify.domain.letters import Letter
from notify.entrypoints.pages.layout import HOME, Pages
from webkit.i18n import PUBLIC
from webkit.login import Visitor

PARTS = ("text", "html")


def shown_html(letter: Letter) -> Markup:
    """The HTML part, to be shown inside a page: it has sample data only, in our own templates, which escape every value."""
    return Markup(letter.html_body)  # noqa: S704 -- see the docstring


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
            letters=[(letter, shown_html(letter)) for letter in letters],
            states=[state for state in pages.site.texts.review_state() if state.domain == "public"],
        )

    return router
