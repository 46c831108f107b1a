"""The layout of the staff pages: templates, navigation and notices."""

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from routing.entrypoints.api.cases import STAFF
from routing.entrypoints.pages import catalogue
from webkit.headers import PAGE_HEADERS
from webkit.login import Login, Visitor

HOME, SETTINGS, SYSTEM = "/lavoro", "/lavoro/impostazioni", "/sistema"
MAINTAINERS = ("coordinator", "ops")


class Layout:
    """Renders templates inside the layout of the staff pages."""

    def __init__(self, login: Login) -> None:
        self._csrf = login.csrf
        self._templates = Environment(
            loader=PackageLoader("routing", "web/templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            catalogue=catalogue,
            leave=login.leave_path,
            home=HOME,
            settings=SETTINGS,
            system=SYSTEM,
            staff=STAFF,
            maintainers=MAINTAINERS,
        )

    def render(self, template: str, status: int, **facts: object) -> HTMLResponse:
        """A template with these values; raises UndefinedError when a value is missing."""
        return HTMLResponse(self._templates.get_template(template).render(facts), status, PAGE_HEADERS)

    def page(
        self, template: str, visitor: Visitor, here: str, status: int = 200, **facts: object
    ) -> HTMLResponse:
        """A page for somebody who is logged in, with the CSRF token of their session."""
        seal = self._csrf.token(visitor.session)
        return self.render(template, status, here=here, visitor=visitor, seal=seal, **facts)

    def notice(
        self, slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
    ) -> Response:
        """A page with the notice for this code; somebody who is logged in can navigate or log out from it."""
        title, text = catalogue.NOTICES.get(slug, catalogue.NOTICES["other"])
        seal = "" if visitor is None else self._csrf.token(visitor.session)
        return self.render(
            "notice.html", status, here="", visitor=visitor, seal=seal, title=title, text=text, link=link
        )
