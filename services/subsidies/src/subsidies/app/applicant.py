"""What an applicant is shown about the application of their report: its state, and the decision in force with its rules."""

from dataclasses import dataclass
from datetime import date

from subsidies.app.desk import Desk
from subsidies.app.explanation_view import ConditionRow, ExplanationView, explanation_view
from subsidies.app.reproduce_decision import reproduce_decision
from subsidies.domain.applications import Status
from subsidies.domain.days import day_in_italy
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import Pack
from subsidies.handlers.documents import APPLICATIONS, PACKS, application_of
from subsidies.queries.measures import measure_view
from subsidies.queries.views import ApplicationView, DecisionView, application_view


@dataclass(frozen=True)
class DecisionForApplicant:
    """The decision in force, the pack that decided it, and its explanation; None after the data were erased."""

    decision: DecisionView
    pack: Pack
    view: ExplanationView | None

    def sentence_of(self, row: ConditionRow) -> str:
        """The Italian sentence of a condition and its result, with {value} and {limit} where its values go."""
        tracks = [track for track in self.pack.tracks if track.code == self.decision.track]
        rules = (*self.pack.predicates, *(one for track in tracks for one in track.predicates))
        rule = next(one for one in rules if one.code == row.code)
        return rule.pass_text if row.result == "pass" else rule.fail_text


@dataclass(frozen=True)
class ApplicationForApplicant:
    """An application, the Italian title of its notice, the last day to decide it, and the decision once there is one."""

    application: ApplicationView
    measure: str
    due_on: date
    decided: DecisionForApplicant | None


async def application_of_report(desk: Desk, report_id: str) -> ApplicationForApplicant | None:
    """The application of a report, or None; whoever asks has proven that they may see the report."""
    stored = await desk.context.load(APPLICATIONS, application_of(report_id))
    if stored is None:
        return None
    measure = await measure_view(desk.context, stored.measure, day_in_italy(desk.context.clock()))
    return ApplicationForApplicant(
        application=application_view(stored),
        measure=measure.title if measure and stored.measure else "",
        due_on=desk.procedure.due_on(day_in_italy(stored.opened_at)),
        decided=await _decided(desk, stored.application_id) if stored.status is Status.DECIDED else None,
    )


async def _decided(desk: Desk, application_id: str) -> DecisionForApplicant | None:
    decision = await reproduce_decision(desk.context, desk.encryption, application_id)
    pack = await desk.context.load(PACKS, decision.pack_hash)
    if pack is None:
        return None
    view = None if decision.explanation is None else explanation_view(decision.explanation)
    return DecisionForApplicant(decision, parse_pack_text(pack.text), view)
