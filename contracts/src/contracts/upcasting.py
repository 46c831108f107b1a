"""Upcasting: converts old versions of events, which are still on a topic, step by step to current versions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.topics import BY_TYPE

Body = dict[str, Any]


class CannotUpcast(ValueError):
    """The old body does not conform to its own version; the text names the fault."""


@dataclass(frozen=True)
class Upcast:
    """One step: the tag of the next version, and a pure function from the old body to the new one."""

    to: str
    change: Callable[[Body], Body]


class Upcasts:
    """The steps from old versions to current ones; raises ValueError when a step does not lead to a current type."""

    def __init__(self, steps: Mapping[str, Upcast]) -> None:
        self._steps = dict(steps)
        for tag in self._steps:
            if tag in BY_TYPE:
                raise ValueError(f"{tag} is current: only a type that is no longer published can be upcast")
            self._end(tag)

    def __contains__(self, type_tag: object) -> bool:
        """Whether there is a step from this version."""
        return type_tag in self._steps

    def upcast(self, type_tag: str, body: bytes) -> tuple[str, bytes]:
        """The current tag and body of an old event; raises CannotUpcast."""
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
                raise ValueError(f"{' → '.join(passed)} is a cycle")
        if passed[-1] not in BY_TYPE:
            raise ValueError(f"{' → '.join(passed)} does not end in a current type")


# No version has been superseded yet. An entry would be: "case-opened.v1": Upcast("case-opened.v2", upcast_case_opened)
UPCASTS = Upcasts({})
