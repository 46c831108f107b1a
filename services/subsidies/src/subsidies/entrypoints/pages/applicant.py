"""The page of a tenant about the own application: what was decided and why, for the browser that may see the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from chassis.errors import Unavailable
from chassis.web import SHOW
from subsidies.app.applicant import ApplicationForApplicant, DecisionForApplicant, application_of_report
from subsidies.app.desk import Desk
from subsidies.app.explanation_view import ConditionRow, ExplanationView
from subsidies.domain.days import day_in_italy
from subsidies.domain.decisions import Outcome
from subsidies.domain.permissions import PermittedReport
from subsidies.domain.rule_texts import RuleTexts
from subsidies.handlers.open_application import DOCUMENTS
from webkit.csrf import COOKIE as BROWSER
from webkit.i18n import Language
from webkit.i18n.formats import euro, isolated, listed, month, plain_date
from webkit.site import Site

# Intake's: the cookie of the permission is sent to every page below /stato.
STATUS, REPORT, PERMISSION = "/stato", "/stato/segnalazione", "stato"
HOME = f"{STATUS}/contributo"
MOST_OF_A_COOKIE = 400
RETRY_SECONDS = "60"
# “You are due 1,800 €” would be misread below a refusal.
NOT_IN_A_REFUSAL = "due-cents"


@dataclass(frozen=True)
class Rule:
    """One condition in the reader's language: what was found, what can be done if it failed, and the law."""

    sentence: str
    guidance: str
    legal: str


@dataclass(frozen=True)
class ApplicantPages:
    """The site, and the texts of the rules by language."""

    desk: Desk
    site: Site
    texts: Mapping[str, RuleTexts]

    async def show(self, request: Request) -> Response:
        """The application of the report that this browser may see; to intake's form when it may see none."""
        try:
            report = await self._permitted(request)
            if report is None:
                return RedirectResponse(f"{STATUS}?errore=scaduta", 303)
            found = await application_of_report(self.desk, report.report_id)
        except Unavailable:
            away = self._notice(request, "away", 503)
            away.headers["Retry-After"] = RETRY_SECONDS
            return away
        if found is None:
            arriving = report.is_contribution
            return self._notice(request, "arriving" if arriving else "none", 200 if arriving else 404)
        return self._application(request, report, found)

    async def _permitted(self, request: Request) -> PermittedReport | None:
        permission, browser = (
            request.cookies.get(one, "")[:MOST_OF_A_COOKIE] for one in (PERMISSION, BROWSER)
        )
        return await self.desk.intake.permitted(permission, browser)

    def _notice(self, request: Request, code: str, status: int) -> Response:
        return self.site.page(request, "applicant/notice.html", status, code=code, report=REPORT)

    def _application(
        self, request: Request, report: PermittedReport, found: ApplicationForApplicant
    ) -> Response:
        language = self.site.language(request)
        texts = self.texts[language.code]
        decided = found.decided and self._decided(language, texts, found.decided)
        return self.site.page(
            request,
            "applicant/application.html",
            application=found.application,
            code=report.tracking_code,
            measure=texts.translate(found.measure),
            due_on=found.due_on,
            documents=DOCUMENTS,
            report=REPORT,
            decided=decided,
        )

    def _decided(self, language: Language, texts: RuleTexts, found: DecisionForApplicant) -> dict[str, Any]:
        decision, view = found.decision, found.view
        decided_on = day_in_italy(decision.decided_at)
        annulment = decision.annulment
        return {
            "decision": decision,
            "view": view,
            "failed": _rules(language, found, "fail", texts),
            "passed": _rules(language, found, "pass", texts),
            "charges": _charges(language, view) if view else (),
            "remedies": [
                (texts.translate(one.authority), one.days, one.legal, decided_on + timedelta(days=one.days))
                for one in found.pack.remedies
            ],
            "replaced_on": annulment and date.fromisoformat(annulment.decided_on),
            "replaced_because": annulment and texts.translate(annulment.text),
        }


def applicant_router(pages: ApplicantPages) -> APIRouter:
    """The route of the page, and its static files; its errors are pages too."""

    async def refuse_with_page(request: Request) -> None:
        request.scope[SHOW] = partial(pages.site.error_page, request)

    context = pages.desk.context
    guards = [Depends(refuse_with_page), Depends(context.require("public"))]
    router = APIRouter(include_in_schema=False, dependencies=guards)

    @router.get(HOME)
    async def show(request: Request) -> Response:
        return await pages.show(request)

    router.include_router(pages.site.router(context))
    return router


def _rules(language: Language, found: DecisionForApplicant, result: str, texts: RuleTexts) -> Sequence[Rule]:
    rows = found.view.conditions if found.view else ()
    refused = found.decision.outcome is Outcome.REFUSED and result == "pass"
    return [
        Rule(
            _filled(language, texts.translate(found.sentence_of(row)), row),
            texts.guidance_on(row.code),
            row.legal,
        )
        for row in rows
        if row.result == result and not (refused and row.value_of == NOT_IN_A_REFUSAL)
    ]


def _charges(language: Language, view: ExplanationView) -> Sequence[tuple[str, str]]:
    """What the contribution pays, in its order."""
    return [
        (
            language.label(
                "applicant-charge",
                one.charge,
                month=month(date.fromisoformat(f"{one.period}-01"), language) if one.period else "",
            ),
            euro(one.cents, language),
        )
        for one in view.charges
    ]


def _filled(language: Language, sentence: str, row: ConditionRow) -> str:
    """The sentence with the values of this application."""
    values = {"{value}": row.value, "{limit}": row.limit}
    for name, value in values.items():
        if name in sentence:
            sentence = sentence.replace(name, _written(language, row, value))
    return sentence


def _written(language: Language, row: ConditionRow, value: Any) -> str:
    """A value as the language writes it; codes have the names that the documents of the agency use."""
    match value:
        case date():
            return plain_date(value, language)
        case int() if row.kind == "cents":
            return isolated(euro(value, language), language)
        case int() if row.kind == "months":
            return language.label("period", "month", n=value)
        case str():
            return _named(language, row, value)
        case list() | tuple():
            return listed([_named(language, row, one) for one in value], language)
        case _:
            return str(value)


def _named(language: Language, row: ConditionRow, code: str) -> str:
    kind = "area-of-household" if row.value_of == "area" else row.value_of
    return isolated(language.label(kind, code), language)
