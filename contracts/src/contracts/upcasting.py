"""Old versions of events that are still on a topic: each is raised to its next version until it is one of today's."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.topics import BY_TYPE

Body = dict[str, Any]


class CannotUpcast(ValueError):
    """The old body lacks something that its own version promised; the text says what."""


@dataclass(frozen=True)
class Upcast:
    """The next version's tag, and a pure function that makes its body from the old one."""

    to: str
    change: Callable[[Body], Body]


class Upcasts:
    """The steps from old versions to today's; raises ValueError when one of them leads nowhere."""

    def __init__(self, steps: Mapping[str, Upcast]) -> None:
        self._steps = dict(steps)
        for tag in self._steps:
            if tag in BY_TYPE:
                raise ValueError(f"{tag} is said today: only a type that nobody says any more is raised")
            self._end(tag)

    def __contains__(self, type_tag: object) -> bool:
        """Whether there is a step from this version."""
        return type_tag in self._steps

    def raised(self, type_tag: str, body: bytes) -> tuple[str, bytes]:
        """Today's tag and body of an old fact; raises CannotUpcast."""
        try:
            found = json.loads(body)
            while type_tag in self._steps:
                step = self._steps[type_tag]
                type_tag, found = step.to, step.change(found)
            return type_tag, json.dumps(found).encode()
        except KeyError as error:
            raise CannotUpcast(f"{error.args[0]}: Field required") from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CannotUpcast(str(error)) from error

    def _end(self, tag: str) -> None:
        passed = [tag]
        while passed[-1] in self._steps:
            passed.append(self._steps[passed[-1]].to)
            if passed[-1] in passed[:-1]:
                raise ValueError(f"{' → '.join(passed)} goes round in a circle")
        if passed[-1] not in BY_TYPE:
            raise ValueError(f"{' → '.join(passed)} does not end in a type of today")


# No version has been replaced yet. The line of one that was: "case-opened.v1": Upcast("case-opened.v2", raise_case_opened)
UPCASTS = Upcasts({})
