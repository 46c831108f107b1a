"""The agency changes which measures are in force."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Moment
from subsidies.domain.measure import Measure
from subsidies.handlers.documents import CURRENT, REGISTERS, Register


@dataclass(frozen=True)
class PublishMeasures:
    """Take applications under these measures from now on; `content` is the hash of what the file says."""

    content: str
    measures: tuple[Measure, ...]


def publish_measures(command: PublishMeasures, register: Register | None, _moment: Moment) -> Change:
    """Put measures in force; the same content again changes nothing."""
    if register is not None and register.content == command.content:
        return NOTHING
    revision = 1 if register is None else register.revision + 1
    return Change(write=[REGISTERS.put(Register(CURRENT, command.content, command.measures, revision))])
