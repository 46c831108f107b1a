"""Replaces the measures in force."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Moment
from subsidies.domain.measures import Measure, Register
from subsidies.handlers.documents import CURRENT, REGISTERS


@dataclass(frozen=True)
class PublishMeasures:
    """Put these measures in force; `content` is the hash of the measures file."""

    content: str
    measures: tuple[Measure, ...]


def publish_measures(command: PublishMeasures, register: Register | None, _moment: Moment) -> Change:
    """Replace the register; equal content changes nothing."""
    if register is not None and register.content == command.content:
        return NOTHING
    revision = 1 if register is None else register.revision + 1
    return Change(write=[REGISTERS.put(Register(CURRENT, command.content, command.measures, revision))])
