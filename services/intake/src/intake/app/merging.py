"""Merge reports about one problem, and split them again, for the staff."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.readings import Reader, Readings
from intake.handlers.merge_reports import MergeReport, SplitReport
from intake.queries.reports import main_of, report_of

MERGE_REASONS = ("same-problem", "same-person", "other")
SPLIT_REASONS = ("mistake", "other-problem", "other")


class Merging:
    """Merges and splits reports that the staff may read; the audit has a line before each."""

    def __init__(self, context: ServiceContext, readings: Readings) -> None:
        self._context, self._readings = context, readings

    async def merge(
        self, report_id: str, main_id: str, reason: str, reader: Reader, command_id: str
    ) -> Mapping[str, Any]:
        """Merge a report into another one, or into the one that shares its case; raises Refused (403, 404, 409)."""
        main = await main_of(self._context, main_id)
        if main is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        return await self._run(
            MergeReport(report_id, main.report_id, _code(reason, MERGE_REASONS)), reader, command_id
        )

    async def split(self, report_id: str, reason: str, reader: Reader, command_id: str) -> Mapping[str, Any]:
        """Split a report from the one that it is merged into; raises Refused (403, 404, 409)."""
        report = await report_of(self._context, report_id)
        if report is None or report.merged_into is None:
            raise Refused(
                "not-merged", "The report is not merged with another one.", fix="Nothing is left to do."
            )
        command = SplitReport(report_id, report.merged_into, _code(reason, SPLIT_REASONS))
        return await self._run(command, reader, command_id)

    async def _run(
        self, command: MergeReport | SplitReport, reader: Reader, command_id: str
    ) -> Mapping[str, Any]:
        for one in (command.report_id, command.main_id):
            await self._readings.admit(one, reader)
        action = "merge-report" if isinstance(command, MergeReport) else "split-report"
        name = f"{action}:{command.report_id}:{command_id}"
        await self._context.audit(reader.subject, action, asdict(command), name)
        answer = await self._context.run(
            command, id=name, key=command.report_id, correlation=command.report_id
        )
        return answer.body


def _code(given: str, known: Sequence[str]) -> str:
    if given not in known:
        raise Refused(
            "reason-missing", "The reason is missing.", 422, "reason", f"Use one of {', '.join(known)}."
        )
    return given
