"""The pages of one service: its templates in the kit's layout, in the language of the reader."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from chassis.clock import Clock, utc_now
from chassis.errors import Misuse, Refused
from chassis.service import ServiceContext
from webkit.addresses import Address
from webkit.agency import Agency
from webkit.assets import Assets
from webkit.csrf import Visit
from webkit.guards import ScriptGuard, SessionGuard, login_router
from webkit.headers import PAGE_HEADERS
from webkit.i18n import Language, Texts, chosen_language, install, staff_language
from webkit.login import Login, Show, ShowFor, Visitor
from webkit.menu import PUBLIC_MENU, ROLES, STAFF_START, areas_of, current_area, home_of
from webkit.notifications import Notification, Notifications
from webkit.refused_forms import RefusedForm, RefusedForms

NOTICE = "kit/notice.html"
LOGO = "logo"


class Site:
    """Renders the pages, fragments, notices and redirects of a service, below its home.

    With a login the pages are for staff, in their language and with their menu; without one they are public.
    """

    def __init__(
        self,
        package: str,
        home: str,
        agency: Agency,
        secret: bytes,
        login: Login | None = None,
        assets: Assets | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.service, self.home, self.agency, self.login = package, home, agency, login
        self.assets = assets or Assets(home)
        self.texts = Texts.of(package)
        self._headers = login.page_headers if login else PAGE_HEADERS
        self._notifications = Notifications(secret, home or "/", clock)
        self._secret, self._clock = secret, clock
        self._refused_forms: RefusedForms | None = None
        self._templates = _environment(package, self.texts)
        self._templates.globals |= {
            "agency": agency,
            "asset": self.assets.url,
            "home": home,
            "is_staff": login is not None,
            "leave": login.leave_path if login else "",
            "logo": f"{self.assets.place}/{LOGO}" if agency.logo else "",
            "public_menu": PUBLIC_MENU,
            "staff_start": STAFF_START,
        }

    def share(self, **values: object) -> None:
        """Give every template these values; called once, before the first page."""
        self._templates.globals |= values

    def language(self, request: Request) -> Language:
        """The language of the reader."""
        return (staff_language if self.login else chosen_language)(request, self.texts)

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        reader: Visitor | Visit | None = None,
        **values: object,
    ) -> HTMLResponse:
        """A page; a form on it needs the `reader`, whose CSRF token is its seal.

        A notification of the form before is told once. The page of a refused form of staff is kept, and the browser sent there.
        Raises UndefinedError when the template uses a value that is not given.
        """
        notification = self._notifications.take(request)
        language = self.language(request)
        known = {"crumbs": (), "errors": {}} | self._around(request, reader) | values
        known["told"] = _in_words(notification, language)
        page = HTMLResponse(self._render(template, language, known), status, self._headers)
        if notification is not None:
            self._notifications.clear(page)
        if isinstance(reader, Visit):
            reader.remember(page)
        if self._refused_forms and request.method == "POST" and status >= 400 and isinstance(reader, Visitor):
            return RefusedForm(page, self._refused_forms, reader.session)
        return page

    def sheet(self, request: Request, template: str, language: Language, **values: object) -> HTMLResponse:
        """A page that its reader prints for somebody else, in their language."""
        known = {"crumbs": (), "errors": {}, "told": None} | self._around(request, None) | values
        return HTMLResponse(self._render(template, language, known), 200, self._headers)

    def document(self, template: str, language: Language, **values: object) -> str:
        """A text of the service in this language, for a file that is no page."""
        return self._render(template, language, values)

    def fragment(
        self, request: Request, template: str, *, reader: Visitor | None = None, **values: object
    ) -> HTMLResponse:
        """A part of a page, which a browser loads into a page of this or of another service."""
        known = {"errors": {}} | self._around(request, reader) | values
        return HTMLResponse(self._render(template, self.language(request), known), 200, self._headers)

    def redirect(
        self,
        request: Request,
        path: str,
        done: str = "",
        again: bool = False,
        values: Mapping[str, str] | None = None,
    ) -> Response:
        """To the page after a form; `done` is the code of what it did, told there once in the words of kind `done`.

        `again` says that an earlier request had done it. The values of the text are in a cookie: nothing personal.
        """
        response = RedirectResponse(path, 303)
        if done:
            self._notifications.put(response, request, Notification(done, values or {}, again))
        return response

    def notice(
        self,
        request: Request,
        slug: str,
        status: int,
        link: str | None = None,
        visitor: Visitor | None = None,
    ) -> HTMLResponse:
        """A page that says what happened and leads on; its texts have the kinds `notice-title` and `notice`."""
        language = self.language(request)
        return self.page(
            request,
            NOTICE,
            status,
            reader=visitor,
            title=language.label("notice-title", slug),
            text=language.label("notice", slug),
            link=link,
            onward=self._onward(slug, visitor),
        )

    def show(self, request: Request) -> Show:
        """The notices of this request, for guards and routes."""
        return partial(self.notice, request)

    def error_page(self, request: Request, slug: str, status: int) -> Response:
        """The page for an error that no page of the service handles."""
        return self.notice(request, slug, status)

    def guard(self, context: ServiceContext, *roles: str, show_for: ShowFor | None = None) -> SessionGuard:
        """The guard of a page for people with one of these roles; raises Misuse for a site without a login.

        `show_for` renders what it refuses, if not as a page.
        """
        return SessionGuard(context, self.logged_in(), roles, show_for or self.show)

    def script_guard(self, context: ServiceContext, *roles: str) -> ScriptGuard:
        """The guard of what our own scripts ask for; raises Misuse for a site without a login."""
        return ScriptGuard(context, self.logged_in(), roles)

    def login_router(self, context: ServiceContext, *roles: str) -> APIRouter:
        """The routes of login and logout for people with one of these roles, and of refused forms.

        Raises Misuse for a site without a login.
        """
        router = APIRouter(include_in_schema=False)
        router.include_router(login_router(context, self.logged_in(), roles, self.show))
        forms = self._refused_forms = RefusedForms(context.store, self.home, self._secret, self._clock)

        @router.get(f"{forms.home}/{{form}}")
        async def show_refused_form(
            form: str, visitor: Annotated[Visitor, Depends(self.guard(context, *ROLES))]
        ) -> Response:
            kept = await forms.find(visitor.session, form)
            if kept is None:
                raise Refused("not-found", "This form was sent too long ago.", 404)
            return HTMLResponse(*kept, self._headers)

        return router

    def logged_in(self) -> Login:
        """The login of the site; raises Misuse without one."""
        if self.login is None:
            raise Misuse(f"the pages of {self.service} below {self.home or '/'} have no login")
        return self.login

    def router(self, context: ServiceContext) -> APIRouter:
        """The route of the static files, and of the agency's logo."""
        router = APIRouter(include_in_schema=False)
        router.include_router(self.assets.router(context))
        if (logo := self.agency.logo) is not None:

            @router.get(f"{self.assets.place}/{LOGO}", dependencies=[Depends(context.require("public"))])
            async def show_logo() -> Response:
                headers = {"Cache-Control": "public, max-age=3600"}
                return Response(logo.content, headers=headers, media_type=logo.media_type)

        return router

    def components_router(self, context: ServiceContext) -> APIRouter:
        """The page with every component, for development."""
        router = APIRouter(include_in_schema=False)

        @router.get("/kit", dependencies=[Depends(context.require("public"))])
        async def show_components(request: Request) -> Response:
            return self.page(request, "kit/development/kit.html")

        return router

    def _around(self, request: Request, reader: Visitor | Visit | None) -> dict[str, Any]:
        """The values of the layout."""
        visitor = reader if isinstance(reader, Visitor) else None
        return {
            "here": Address.of(request),
            "visitor": visitor,
            "areas": areas_of(visitor) if visitor else (),
            "area_now": current_area(request.url.path),
            "start": home_of(visitor) if visitor else (self.home or "/"),
            "seal": self._seal(reader),
        }

    def _seal(self, reader: Visitor | Visit | None) -> str:
        if isinstance(reader, Visit):
            return reader.token
        return self.login.csrf.token(reader.session) if reader is not None and self.login else ""

    def _onward(self, slug: str, visitor: Visitor | None) -> str:
        if slug == "logged-out":
            return self.home or "/"
        return home_of(visitor) if visitor else (self.home or "/")

    def _render(self, template: str, language: Language, values: Mapping[str, object]) -> str:
        return self._templates.get_template(template).render(values, language=language)


def _environment(package: str, texts: Texts) -> Environment:
    places = [PackageLoader(package, "web/templates"), PackageLoader("webkit", "templates")]
    made = Environment(
        loader=ChoiceLoader(places),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    install(made, texts)
    return made


def _in_words(notification: Notification | None, language: Language) -> Mapping[str, str] | None:
    if notification is None:
        return None
    title = language.label("done", notification.code, None, **notification.values)
    return {"title": title, "text": language.label("done", "again") if notification.again else ""}
