"""Guards of pages: who may open a page or send its form, and the routes of login and logout."""

from functools import partial
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Request, Response

from chassis.errors import Misuse, Refused
from chassis.service import ServiceContext
from chassis.web import SHOW, Principal, RoleGuard
from webkit.login import BACK, ENTER, LEAVE, Login, Show, ShowFor, Visitor

PERSON = "Ascolto-Person"


class SessionGuard(RoleGuard):
    """Restricts a page to logged-in users with a role; a form must carry the CSRF token of the session."""

    def __init__(
        self, context: ServiceContext, login: Login, roles: tuple[str, ...], show_for: ShowFor
    ) -> None:
        super().__init__(roles, context.rates)
        self._login, self._show_for = login, show_for
        self._sessions = login.sessions_in(context.store)

    async def __call__(self, request: Request) -> Visitor:
        """The visitor; raises Refused (303 to the login, 403 or 429) or Unavailable."""
        show = request.scope[SHOW] = self._show_for(request)
        self.count(request)
        visitor = await self._who(request)
        if visitor is None:
            raise self._not_logged_in(request)
        request.scope[SHOW] = partial(show, visitor=visitor)
        self.admit(Principal(visitor.subject, visitor.roles))
        if request.method == "POST":
            seal = (await request.form()).get("seal", "")
            if not self._login.csrf.fits(visitor.session, str(seal)):
                raise Refused("unsealed", "The form does not belong to this session.", 403, "seal")
        return visitor

    async def _who(self, request: Request) -> Visitor | None:
        return await self._login.visitor(request, self._sessions)

    def _not_logged_in(self, request: Request) -> Refused:
        """To the login and back: a page by redirect; for a fragment the browser is told to load the login as a page."""
        is_fragment = request.headers.get("hx-request") == "true"
        wanted = _page_around(request) if is_fragment else _path_of(request)
        place = f"{self._login.enter_path}?torna={quote(wanted)}" if wanted else self._login.enter_path
        if is_fragment:
            return Refused("not-logged-in", "Log in first.", 401, headers={"HX-Redirect": place})
        return Refused("not-logged-in", "Log in first.", 303, headers={"Location": place})


class ScriptGuard(SessionGuard):
    """Restricts what our own scripts ask for: nothing is shown as a page, and what changes something names the person.

    Its `Ascolto-Person` is bound to the person and not to the session: who logs in again sends what was kept before, and
    what one person kept is never sent as another's.
    """

    def __init__(self, context: ServiceContext, login: Login, roles: tuple[str, ...]) -> None:
        super().__init__(context, login, roles, _no_page)

    async def __call__(self, request: Request) -> Visitor:
        """The visitor; raises Refused (401, 403 or 429) or Unavailable."""
        self.count(request)
        visitor = await self._who(request)
        if visitor is None:
            raise Refused(
                "not-logged-in", "Log in first.", 401, headers={"WWW-Authenticate": 'Session realm="staff"'}
            )
        self.admit(Principal(visitor.subject, visitor.roles))
        named = request.headers.get(PERSON, "")
        if request.method != "GET" and not self._login.is_person(visitor, named):
            raise Refused(
                "another-person", "This was kept by another person, or on another site.", 403, PERSON
            )
        return visitor


def _no_page(_: Request) -> Show:
    raise Misuse("what scripts ask for is not shown as a page")


class SessionEndGuard(SessionGuard):
    """Allows every session to be ended, whatever its roles and whether or not the issuer answers."""

    async def _who(self, request: Request) -> Visitor | None:
        return await self._login.holder(request, self._sessions)

    def admit(self, principal: Principal) -> Principal:
        """Accept every principal with a session."""
        return principal


def _path_of(request: Request) -> str:
    """The page that a request is for; nothing for a form, which cannot be sent again by a redirect."""
    if request.method != "GET":
        return ""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _page_around(request: Request) -> str:
    """The path of the page that a fragment is loaded into."""
    parts = urlsplit(request.headers.get("hx-current-url", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def login_router(
    context: ServiceContext, login: Login, roles: tuple[str, ...], show_for: ShowFor
) -> APIRouter:
    """The routes for login and logout; a login without another target leads to the home of the pages."""
    site, sessions = APIRouter(include_in_schema=False, prefix=login.home), login.sessions_in(context.store)
    public = context.require("public")

    def show_leaving(request: Request) -> Show:
        show = show_for(request)

        def shown(
            slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
        ) -> Response:
            return show("not-logged-out" if slug == "unavailable" else slug, status, link, visitor)

        return shown

    @site.get(ENTER, dependencies=[Depends(public)])
    async def enter(request: Request, torna: str = login.home) -> Response:
        request.scope[SHOW] = show_for(request)
        return await login.send_to_issuer(torna)

    @site.get(BACK, dependencies=[Depends(public)])
    async def come_back(request: Request) -> Response:
        request.scope[SHOW] = show_for(request)
        return await login.complete(request, sessions)

    @site.post(LEAVE, dependencies=[Depends(SessionEndGuard(context, login, roles, show_leaving))])
    async def leave(request: Request) -> Response:
        return await login.log_out(request, sessions, show_for(request))

    return site
