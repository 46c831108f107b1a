"""Import a list of reports through intake's API; each row is accepted, known or rejected."""

import asyncio
import difflib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chassis.tracing import SpanName, Tracer, note, trace
from intake.app.imports.csv_rows import ImportFailed, Row, Survey, printable
from intake.app.imports.results import RowResult
from intake.app.imports.row_ids import RowIds
from intake.app.imports.sender import TOGETHER, Sender, Sent, Unreachable, not_sent
from intake.domain.import_mapping import ImportMapping
from intake.domain.import_rows import Mapped, Rejected, map_row

# Parts of the list on their way.
AHEAD = 4
Part = tuple[int, Mapped | Rejected]


@dataclass(frozen=True)
class ListImport:
    """How a list is imported; with `former`, reports that have their former id keep it, and with a tracer each row starts a trace."""

    mapping: ImportMapping
    ids: RowIds
    former: bool = False
    tracer: Tracer | None = None


async def check_import(job: ListImport, survey: Survey, sender: Sender) -> None:
    """Check the codes of the mapping and a sample of rows against intake, before anything is sent.

    Raises ImportFailed when a code is missing, the list was imported with former ids, or the server is not intake;
    raises Unreachable.
    """
    categories = await sender.codes("categories", "code")
    places = await sender.codes("places", "id")
    if categories is None or places is None:
        raise ImportFailed(f"the server at {sender.url} is not intake: correct --url")
    _check_codes("category", job.mapping.category_codes(), categories)
    _check_codes("place", job.mapping.place_ids(), places)
    if not job.former and await _has_former_ids(job, survey, sender):
        raise ImportFailed(
            "reports of this list are registered under the ids of a former version: an import would register them twice. "
            "Use --former-ids to keep their ids (docs/upgrading.md)"
        )


async def import_rows(
    rows: Iterable[Row], job: ListImport, sender: Sender, write: Callable[[RowResult], None]
) -> Counter[str]:
    """Send all valid rows, pass each result to `write` in the list's order, and return the number of each outcome.

    Skips blank rows. Of several rows with one id only the first valid one is sent.
    """
    counts: Counter[str] = Counter()
    pending: deque[asyncio.Task[Sequence[RowResult]]] = deque()
    lines: dict[str, int] = {}
    filled = (row for row in rows if not row.blank)

    async def finish_first() -> None:
        for result in await pending.popleft():
            counts[result.outcome] += 1
            write(result)

    while part := [(row.line, _mapped(row, job.mapping, lines)) for row in islice(filled, TOGETHER)]:
        pending.append(asyncio.create_task(_send_part(part, job, sender)))
        if len(pending) >= AHEAD:
            await finish_first()
    while pending:
        await finish_first()
    return counts


async def _send_part(part: Sequence[Part], job: ListImport, sender: Sender) -> Sequence[RowResult]:
    """The results of some rows in their order; with a tracer or former ids each is sent alone."""
    if job.tracer is not None or job.former:
        return await asyncio.gather(*(_send(line, found, job, sender) for line, found in part))
    mapped = [(line, found, job.ids.of(found.row_id)) for line, found in part if isinstance(found, Mapped)]
    bodies = [_body(report_id, found, job.ids) for _, found, report_id in mapped]
    sent = await sender.send_all(bodies, job.ids.rows_proof) if bodies else []
    results = {
        line: _result(line, found.row_id, report_id, one)
        for (line, found, report_id), one in zip(mapped, sent, strict=True)
    }
    for line, found in part:
        if isinstance(found, Rejected):
            results[line] = RowResult(line, found.row_id, "rejected", reason=found.reason)
    return [results[line] for line, _ in part]


def _mapped(row: Row, mapping: ImportMapping, lines: dict[str, int]) -> Mapped | Rejected:
    if row.problem:
        return Rejected("", row.problem)
    found = map_row(mapping, row.cells)
    if isinstance(found, Rejected):
        return found
    line = lines.setdefault(found.row_id, row.line)
    if line == row.line:
        return found
    return Rejected(found.row_id, f"line {line} has the same id: give each row a unique id")


async def _send(line: int, found: Mapped | Rejected, job: ListImport, sender: Sender) -> RowResult:
    if isinstance(found, Rejected):
        return RowResult(line, found.row_id, "rejected", reason=found.reason)
    report_id, former = job.ids.of(found.row_id), job.ids.former(found.row_id)
    try:
        if job.former and await sender.has(former):
            report_id = former
    except Unreachable as error:
        return RowResult(line, found.row_id, "rejected", reason=not_sent(error))
    attributes: dict[str, str | int] = {"ascolto.line": line, "ascolto.correlation": report_id}
    with trace(job.tracer, SpanName.IMPORT, None, attributes):
        sent = await sender.send(_body(report_id, found, job.ids))
        note(outcome=sent.outcome)
    return _result(line, found.row_id, report_id, sent)


def _result(line: int, row_id: str, report_id: str, sent: Sent) -> RowResult:
    registered = "" if sent.outcome == "rejected" else report_id
    return RowResult(line, row_id, sent.outcome, registered, sent.reason)


def _body(report_id: str, mapped: Mapped, ids: RowIds) -> dict[str, Any]:
    draft = mapped.draft
    closed = draft.closed_at and {
        "closed_at": draft.closed_at.isoformat(),
        "cancelled": draft.cancelled,
        "closing_proof": ids.closing_proof(report_id, draft.closed_at, draft.cancelled),
    }
    return {
        "report_id": report_id,
        "category": draft.category,
        "place_id": draft.place_id,
        "description": draft.description,
        "language": draft.language,
        "channel": draft.channel,
        "heard_at": draft.heard_at and draft.heard_at.isoformat(),
        **(closed or {}),
    }


def _check_codes(kind: str, named: Mapping[tuple[str, ...], str], present: Iterable[str]) -> None:
    known = sorted(present)
    for path, code in named.items():
        if code not in known:
            near = difflib.get_close_matches(code, known, 1)
            fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)[:300]}"
            raise ImportFailed(
                f"the mapping has {printable(': '.join((*path, code)))}, but intake has no such {kind}: {fix}"
            )


async def _has_former_ids(job: ListImport, survey: Survey, sender: Sender) -> bool:
    """Whether some of the sampled rows are registered under their former ids."""
    mapped = (map_row(job.mapping, row.cells) for row in survey.sample)
    ids = [job.ids.former(row.row_id) for row in mapped if isinstance(row, Mapped)]
    return any(await asyncio.gather(*map(sender.has, ids)))
