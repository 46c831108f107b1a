"""The vocabulary of a handler: what it is given, what it gives back, and the table that says when it runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, overload

from pydantic import TypeAdapter

from chassis.documents import Put, Raw, Ref
from chassis.errors import Misuse
from chassis.ids import derive
from contracts.base import Event


@dataclass(slots=True)
class Moment:
    """The moment an input is handled in: its own time, and ids that a replay finds again.

    `cause` names the service and the input: two services that hear the same fact never derive the same id from it.
    """

    now: datetime
    cause: str

    def id(self, name: str) -> str:
        """The id that `name` has in the consequences of this input."""
        return derive(self.cause, name)


@dataclass(frozen=True)
class Timer:
    """Handle `body` when `due` has come; an id used again replaces, a cancelled id never fires."""

    id: str
    due: datetime
    body: Any
    key: str


@dataclass(frozen=True)
class Job:
    """Do `body` outside any transaction, soon; its worker's command brings the result back."""

    id: str
    body: Any
    key: str


@dataclass(slots=True)
class Change:
    """What a handler decided: documents, facts, timers and jobs that become true together, and an answer."""

    write: Sequence[Put[Any]] = ()
    events: Sequence[Event] = ()
    timers: Sequence[Timer] = ()
    cancel: Sequence[str] = ()
    jobs: Sequence[Job] = ()
    answer: Mapping[str, Any] | None = None


NOTHING = Change()

I = TypeVar("I")  # noqa: E741 - the input
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


@dataclass(frozen=True)
class Reaction:
    """One line of the table: this input needs these documents and is handled by this function."""

    type: type[Any]
    needs: Callable[[Any], Sequence[Ref[Any]]]
    then: Callable[..., Change]
    name: str = field(default="")


@overload
def on(type: type[I], needs: Callable[[I], tuple[()]], then: Callable[[I, Moment], Change]) -> Reaction: ...
@overload
def on(
    type: type[I], needs: Callable[[I], tuple[Ref[A]]], then: Callable[[I, A | None, Moment], Change]
) -> Reaction: ...
@overload
def on(
    type: type[I],
    needs: Callable[[I], tuple[Ref[A], Ref[B]]],
    then: Callable[[I, A | None, B | None, Moment], Change],
) -> Reaction: ...
@overload
def on(
    type: type[I],
    needs: Callable[[I], tuple[Ref[A], Ref[B], Ref[C]]],
    then: Callable[[I, A | None, B | None, C | None, Moment], Change],
) -> Reaction: ...
@overload
def on(
    type: type[I],
    needs: Callable[[I], tuple[Ref[A], Ref[B], Ref[C], Ref[D]]],
    then: Callable[[I, A | None, B | None, C | None, D | None, Moment], Change],
) -> Reaction: ...
def on(type: type[Any], needs: Callable[[Any], Any], then: Callable[..., Change]) -> Reaction:  # noqa: A002
    """When an input of this type arrives, load what it needs and let the handler decide."""
    return Reaction(type, needs, then, then.__name__)


def ignore(*types: type[Event]) -> tuple[Reaction, ...]:
    """Events of a topic that this service hears and has no use for: said aloud, so that nothing is forgotten."""
    return tuple(Reaction(type_, lambda _: (), lambda *_: NOTHING, "ignore") for type_ in types)


class Reactions:
    """The one table of a service: when this arrives, this is done."""

    def __init__(self, *lines: Reaction | Iterable[Reaction]) -> None:
        self._lines: dict[type[Any], Reaction] = {}
        self._adapters: dict[type[Any], TypeAdapter[Any]] = {}
        for line in lines:
            for reaction in [line] if isinstance(line, Reaction) else line:
                if reaction.type in self._lines:
                    raise Misuse(f"{reaction.type.__name__} is in the table twice")
                self._lines[reaction.type] = reaction

    def get(self, type_: type[Any]) -> Reaction | None:
        """The line for this type of input, if there is one."""
        return self._lines.get(type_)

    def dump(self, body: Any) -> Raw:
        """The stored form of a timer's or job's body."""
        dumped: Raw = self._adapter(type(body)).dump_python(body)
        return dumped

    def load(self, type_: type[Any], row: Raw) -> Any:
        """The body that was stored."""
        return self._adapter(type_).validate_python(row)

    def _adapter(self, type_: type[Any]) -> "TypeAdapter[Any]":
        if type_ not in self._adapters:
            self._adapters[type_] = TypeAdapter(type_)
        return self._adapters[type_]

    def types(self) -> tuple[type[Any], ...]:
        """Every type of input the service reacts to."""
        return tuple(self._lines)
