"""The file of the procedure: terms, and the reasons on which the agency annuls a decision of its own."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from chassis.seed import Code, Row, Text, load, read, refuse, twice
from subsidies.domain.procedure import LegalReason, Procedure

PROCEDURE = "procedure.yaml"


class _TermRow(Row):
    days: Annotated[int, Field(ge=1, le=730)]
    legal: Text
    warning_days: Annotated[int, Field(ge=0, le=730)]


class _AnnulmentRow(Row):
    months: Annotated[int, Field(ge=1, le=120)]
    legal: Text


class _ReasonRow(Row):
    code: Code
    title: Text
    legal: Text
    text: Text
    beyond_term: bool


class _ProcedureFile(Row):
    term: _TermRow
    annulment: _AnnulmentRow
    reasons: Annotated[tuple[_ReasonRow, ...], Field(min_length=1)]


def read_procedure(folder: Path) -> Procedure:
    """Read and check the file; raises SeedError with every fault: file, place and fix."""
    file = load(folder / PROCEDURE)
    rows = read(file, _ProcedureFile)
    refuse(twice(file, [(("reasons", number, "code"), row.code) for number, row in enumerate(rows.reasons)]))
    return Procedure(
        term_days=rows.term.days,
        term_legal=rows.term.legal,
        warning_days=rows.term.warning_days,
        annulment_months=rows.annulment.months,
        annulment_legal=rows.annulment.legal,
        reasons=tuple(LegalReason(**row.model_dump()) for row in rows.reasons),
    )
