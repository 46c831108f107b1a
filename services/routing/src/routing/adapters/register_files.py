"""The register read from the agency's files: rules.yaml, operators.yaml, deadlines.yaml and calendar.yaml in one folder."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from chassis.seed import (
    Code,
    Day,
    Fault,
    Row,
    SeedFile,
    Text,
    cells,
    each,
    loose,
    read_all,
    refuse,
    twice,
    values,
)
from routing.domain.calendar import Calendar, Clocks, Feast, Span, Unit
from routing.domain.registers import Register
from routing.domain.rules import Absence, Condition, Operator, Raise, Route, Rule, RuleTable

A_COMMON_YEAR = 2001
Kind = Literal["technical", "administrative", "social", "contribution", "danger"]
Names = Annotated[tuple[Code, ...], Field(min_length=1)]


class _Condition(Row):
    categories: Names | None = None
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    urgencies: Names | None = None
    neighbourhoods: Names | None = None
    provinces: Names | None = None
    has_operator: bool | None = None

    def condition(self) -> Condition:
        return Condition(
            self.categories or (),
            self.kinds or (),
            self.urgencies or (),
            self.neighbourhoods or (),
            self.provinces or (),
            self.has_operator,
        )


class _Rule(Row):
    name: Code
    route: Route
    why: Text
    when: Annotated[tuple[_Condition, ...], Field(min_length=1)] | None = None


class _Raise(Row):
    name: Code
    voices: Annotated[int, Field(ge=2, le=100_000)]
    urgency: Code
    raised_to: Code
    why: Text


class _Rules(Row):
    version: Code
    rules: Annotated[tuple[_Rule, ...], Field(min_length=1)]
    raises: tuple[_Raise, ...] = ()


class _Absence(Row):
    first: Day
    last: Day


class _Operator(Row):
    code: Code
    name: Text
    neighbourhoods: tuple[Code, ...]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    substitutes: tuple[Code, ...] = ()
    absences: tuple[_Absence, ...] = ()
    subject: Text | None = None


class _Operators(Row):
    operators: tuple[_Operator, ...]


class _Span(Row):
    number: Annotated[int, Field(ge=1, le=1000)]
    unit: Unit


class _Clocks(Row):
    urgency: Code
    contact: _Span
    done: _Span
    source: Text


class _Deadlines(Row):
    unknown: Code
    closing_hour: Annotated[int, Field(ge=0, le=23)]
    clocks: Annotated[tuple[_Clocks, ...], Field(min_length=1)]


class _Feast(Row):
    name: Text
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    source: Text
    province: Code | None = None
    since: Annotated[int, Field(ge=1861, le=2200)] = 1949


class _Calendar(Row):
    version: Code
    feasts: tuple[_Feast, ...]


FILES: Mapping[str, type[Row]] = {
    "rules.yaml": _Rules,
    "operators.yaml": _Operators,
    "deadlines.yaml": _Deadlines,
    "calendar.yaml": _Calendar,
}


@dataclass(frozen=True)
class _Known:
    """The codes that reports can have, from intake's seed files beside this folder; None where a file does not exist."""

    categories: frozenset[str] | None
    neighbourhoods: frozenset[str] | None
    provinces: frozenset[str] | None

    @classmethod
    def beside(cls, folder: Path) -> "_Known":
        places, categories = (folder.parent / "intake" / name for name in ("places.csv", "categories.yaml"))
        return cls(
            values(categories, "categories", "code"),
            cells(places, "code", kind="neighbourhood"),
            cells(places, "code", kind="province"),
        )


def read_register(folder: Path) -> Register:
    """Read and check the register; raises SeedError for unknown fields, values out of range, invalid days and unknown codes."""
    opened = read_all(folder, FILES)
    (rules, table), (operators, people), (deadlines, terms), (calendar, days) = opened
    known = _Known.beside(folder)
    urgencies = {clocks.urgency for clocks in terms.clocks}
    refuse(
        [
            *_rule_faults(rules, table, known, urgencies),
            *_raise_faults(rules, table, urgencies),
            *_operator_faults(operators, people, known),
            *_deadline_faults(deadlines, terms),
            *_calendar_faults(calendar, days, known),
        ]
    )
    content = hashlib.sha256(b"\0".join(file.content for file, _ in opened)).hexdigest()[:16]
    subjects = {row.code: row.subject for row in people.operators if row.subject is not None}
    staff = tuple(map(_operator, people.operators))
    raises = tuple(Raise(**row.model_dump()) for row in table.raises)
    return Register(content, _table(table), staff, _calendar(terms, days), subjects=subjects, raises=raises)


def _rule_faults(file: SeedFile, table: _Rules, known: _Known, urgencies: set[str]) -> Iterator[Fault]:
    yield from twice(
        file, [(("rules", number, "name"), rule.name) for number, rule in enumerate(table.rules)]
    )
    for number, rule in enumerate(table.rules):
        for which, condition in enumerate(rule.when or ()):
            at = ("rules", number, "when", which)
            if not condition.model_fields_set:
                yield file.fault(at, "write at least one line, or leave `when` out")
            yield from loose(file, each((*at, "categories"), condition.categories), known.categories)
            yield from loose(file, each((*at, "urgencies"), condition.urgencies), urgencies)
            yield from loose(
                file, each((*at, "neighbourhoods"), condition.neighbourhoods), known.neighbourhoods
            )
            yield from loose(file, each((*at, "provinces"), condition.provinces), known.provinces)


def _raise_faults(file: SeedFile, table: _Rules, urgencies: set[str]) -> Iterator[Fault]:
    names = [(("raises", number, "name"), one.name) for number, one in enumerate(table.raises)]
    yield from twice(file, names)
    for number, one in enumerate(table.raises):
        at = ("raises", number)
        codes = [((*at, "urgency"), one.urgency), ((*at, "raised_to"), one.raised_to)]
        yield from loose(file, codes, urgencies)


def _operator_faults(file: SeedFile, people: _Operators, known: _Known) -> Iterator[Fault]:
    codes = [operator.code for operator in people.operators]
    yield from twice(file, [(("operators", number, "code"), code) for number, code in enumerate(codes)])
    subjects = ((number, operator.subject) for number, operator in enumerate(people.operators))
    yield from twice(file, [(("operators", number, "subject"), one) for number, one in subjects if one])
    for number, operator in enumerate(people.operators):
        at = ("operators", number)
        others = {code for code in codes if code != operator.code}
        yield from loose(file, each((*at, "substitutes"), operator.substitutes), others)
        yield from loose(file, each((*at, "neighbourhoods"), operator.neighbourhoods), known.neighbourhoods)
        for which, absence in enumerate(operator.absences):
            if absence.last < absence.first:
                yield file.fault((*at, "absences", which, "last"), "write a day that is not before `first`")


def _deadline_faults(file: SeedFile, terms: _Deadlines) -> Iterator[Fault]:
    classes = [clocks.urgency for clocks in terms.clocks]
    yield from twice(file, [(("clocks", number, "urgency"), name) for number, name in enumerate(classes)])
    yield from loose(file, [(("unknown",), terms.unknown)], set(classes))
    for number, clocks in enumerate(terms.clocks):
        if clocks.contact.unit is clocks.done.unit and clocks.contact.number > clocks.done.number:
            yield file.fault(
                ("clocks", number, "contact", "number"), "write a first contact that is not after `done`"
            )


def _calendar_faults(file: SeedFile, days: _Calendar, known: _Known) -> Iterator[Fault]:
    for number, feast in enumerate(days.feasts):
        try:
            date(A_COMMON_YEAR, feast.month, feast.day)
        except ValueError:
            yield file.fault(
                ("feasts", number, "day"), f"write a day that month {feast.month} has in every year"
            )
        if feast.province is not None:
            yield from loose(file, [(("feasts", number, "province"), feast.province)], known.provinces)


def _table(table: _Rules) -> RuleTable:
    rules = (
        Rule(rule.name, rule.route, rule.why, tuple(one.condition() for one in rule.when or ()))
        for rule in table.rules
    )
    return RuleTable(table.version, tuple(rules))


def _operator(row: _Operator) -> Operator:
    away = (Absence(absence.first.isoformat(), absence.last.isoformat()) for absence in row.absences)
    return Operator(row.code, row.name, row.neighbourhoods, row.kinds, row.substitutes, tuple(away))


def _calendar(terms: _Deadlines, days: _Calendar) -> Calendar:
    clocks = (Clocks(row.urgency, _span(row.contact), _span(row.done), row.source) for row in terms.clocks)
    feasts = (Feast(row.name, row.month, row.day, row.source, row.province, row.since) for row in days.feasts)
    return Calendar(days.version, terms.closing_hour, terms.unknown, tuple(clocks), tuple(feasts))


def _span(row: _Span) -> Span:
    return Span(row.number, row.unit)
