"""What the pages for officers share: their addresses, the kit, and the words for references and errors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from chassis.errors import Unavailable
from subsidies.app.desk import Desk
from subsidies.queries.views import ApplicationView
from webkit.i18n import Language
from webkit.login import Visitor
from webkit.site import Site

HOME = "/contributi"
OFFICER = "officer"


@dataclass(frozen=True)
class Pages:
    """The use cases and the kit of the pages."""

    desk: Desk
    site: Site

    def page(
        self, request: Request, visitor: Visitor, template: str, status: int = 200, **values: object
    ) -> Response:
        """A page for this officer."""
        return self.site.page(request, f"staff/{template}", status, reader=visitor, **values)

    async def references(
        self, request: Request, applications: Sequence[ApplicationView]
    ) -> Mapping[str, str]:
        """What pages call these applications, by id: the tracking code, and while intake does not answer a number."""
        language = self.site.language(request)
        try:
            codes = await self.desk.intake.codes_of([one.report_id for one in applications])
        except Unavailable:
            codes = {}
        return {
            one.application_id: reference(language, one.application_id, codes.get(one.report_id, ""))
            for one in applications
        }

    async def reference(self, request: Request, application: ApplicationView) -> str:
        """What pages call this application."""
        return (await self.references(request, [application]))[application.application_id]

    def crumbs(
        self, request: Request, application_id: str = "", name: str = ""
    ) -> tuple[tuple[str, str], ...]:
        """The path to a page: the queue, then the application if there is one."""
        queue = (self.site.language(request).label("area", "applications"), HOME)
        return (queue, (name, place(application_id))) if application_id else (queue,)


def place(application_id: str, page: str = "") -> str:
    """The address of an application, or of one of its pages."""
    return f"{HOME}/{application_id}{page and f'/{page}'}"


def reference(language: Language, application_id: str, code: str = "") -> str:
    """What an application is called: by its tracking code, else by the beginning of its id."""
    return language.label("reference", "application", number=code or application_id[:8].upper())


def choices(language: Language, kind: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """The codes with their labels, for a select or for radios."""
    return [(code, language.label(kind, code)) for code in codes]


def error_texts(language: Language, errors: Mapping[str, str]) -> dict[str, str]:
    """The sentence of each error by the name of its control: what the field is, and what to do."""
    return {
        name: language.label(
            "data-format",
            "error",
            field=_field_label(language, name),
            error=language.label("data-error", code),
        )
        for name, code in errors.items()
    }


def _field_label(language: Language, name: str) -> str:
    if name.startswith("arrears-"):
        _, row, part = name.split("-")
        return language.label("data-field", f"arrears-{part}", row=str(int(row) + 1))
    return language.label("data-field", name)
