"""The page that asks for code and PIN, and the permission of a browser to see the report for an hour."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from chassis.ids import uuid7
from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.opening_hours import opening_hours
from intake.queries.reports import ReportDocuments, StatusView
from webkit.csrf import Visit
from webkit.i18n.formats import duration

HOME = "/stato"
REPORT = f"{HOME}/segnalazione"
COOKIE = "stato"
SESSION_OVER = "scaduta"


class StatusForm(BaseModel):
    """The form that asks for code and PIN."""

    code: str = ""
    pin: str = ""


class StatusAccess:
    """Asks for code and PIN and permits a browser to see the report."""

    def __init__(self, front: Front) -> None:
        self._front, self._cases = front, front.use_cases

    async def ask(self, request: Request, code: str, problem: str) -> Response:
        """The form; with what was wrong when the browser sent it before."""
        visit = self._front.visit(request)
        if problem == SESSION_OVER:
            errors = {"code": self._front.fault(request, "status-session-over")}
            return self._asked(request, visit, code, errors, 200)
        kept = await self._cases.drafts.find(visit.browser, f"stato:{problem}") if problem else None
        if kept is None:
            return self._asked(request, visit, code, {}, 200)
        wrong = self._errors(request, kept)
        page = self._asked(request, visit, kept["code"], wrong, int(kept["status"]), kept.get("wait", ""))
        if "wait" in kept:
            page.headers["Retry-After"] = kept["wait"]
        return page

    async def open(self, request: Request, form: StatusForm) -> Response:
        """To the report when code and PIN are right; otherwise back to the form with what was wrong."""
        visit, device = self._front.visit(request), self._front.device(request)
        missing = [name for name in ("code", "pin") if not getattr(form, name).strip()]
        if missing:
            return await self._back(request, visit, form, {"missing": ",".join(missing), "status": "422"})
        try:
            report = await self._cases.tracking.find(form.code, form.pin, device.caller(form.code))
        except Refused as refused:
            wait = (refused.headers or {}).get("Retry-After")
            wrong = {"slug": refused.slug, "status": str(refused.status)}
            return await self._back(request, visit, form, wrong | ({"wait": wait} if wait else {}))
        response = self._front.redirect(request, visit, REPORT)
        permission = await self._cases.status_sessions.permit(report.report_id, visit.browser)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, permission, path=HOME, httponly=True, samesite="lax", secure=secure)
        device.remember(response, report.tracking_code)
        return response

    async def permitted(self, request: Request) -> StatusView | None:
        """The report that this browser may see, or None."""
        return await self._cases.status_sessions.find(*self._cookies(request))

    async def documents(self, request: Request) -> tuple[StatusView, ReportDocuments] | None:
        """The same with all that is stored about the report."""
        return await self._cases.status_sessions.documents(*self._cookies(request))

    def over(self, request: Request) -> Response:
        """To the form, which says why it asks again."""
        return self._front.redirect(request, self._front.visit(request), f"{HOME}?errore={SESSION_OVER}")

    def _cookies(self, request: Request) -> tuple[str, str]:
        """The permission, and what recognises the browser."""
        return request.cookies.get(COOKIE, ""), self._front.visit(request).browser

    async def _back(
        self, request: Request, visit: Visit, form: StatusForm, wrong: Mapping[str, str]
    ) -> Response:
        problem = uuid7(self._front.context.clock())
        code = form.code[:80]
        await self._cases.drafts.save(visit.browser, f"stato:{problem}", {"code": code, **wrong})
        return self._front.redirect(request, visit, f"{HOME}?errore={problem}")

    def _asked(
        self,
        request: Request,
        visit: Visit,
        code: str,
        errors: Mapping[str, str],
        status: int,
        wait: str = "",
    ) -> Response:
        return self._front.page(
            request, "status/ask.html", status, visit, code=code, errors=errors, waits=bool(wait)
        )

    def _errors(self, request: Request, kept: Mapping[str, str]) -> Mapping[str, str]:
        if "missing" in kept:
            return {
                name: self._front.fault(request, f"{name}-missing") for name in kept["missing"].split(",")
            }
        if "wait" in kept:
            language, phone = self._front.language(request), self._front.site.agency.phone
            wait = duration(int(kept["wait"]), language)
            return {"code": self._front.fault(request, kept["slug"], wait=wait, phone=phone)}
        return {"code": self._front.fault(request, kept["slug"])}


def access_router(front: Front) -> APIRouter:
    """The routes of the page that asks for code and PIN."""
    router, access = front.router(), StatusAccess(front)

    @router.get(HOME)
    async def ask(request: Request, codice: str = "", errore: str = "") -> Response:
        return await access.ask(request, codice[:80], errore[:80])

    @router.post(HOME)
    async def open_report(request: Request, form: Annotated[StatusForm, Form()]) -> Response:
        return await access.open(request, form)

    @router.get(f"{HOME}/pin-perso")
    async def explain_lost_pin(request: Request) -> Response:
        points = opening_hours(front.site.agency, front.language(request))
        return front.page(request, "status/lost_pin.html", points=points)

    @router.post(f"{HOME}/fine")
    async def leave(request: Request) -> Response:
        response = front.redirect(request, front.visit(request), "/", "status-closed")
        response.delete_cookie(COOKIE, path=HOME)
        return response

    return router
