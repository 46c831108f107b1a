"""Renders the templates of the pages."""

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from intake.entrypoints import catalogue
from webkit.csrf import Visit
from webkit.headers import PAGE_HEADERS


class Templates:
    """The templates, with the catalogue of labels."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("intake", "web/templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._environment.globals.update(catalogue=catalogue)

    def show(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Render a page; a page with a CSRF-protected form needs the value `visit`, whose cookie it sets."""
        page = HTMLResponse(self._environment.get_template(template).render(values), status, PAGE_HEADERS)
        if isinstance(visit := values.get("visit"), Visit):
            visit.remember(page)
        return page
