"""The vocabulary of a handler: its inputs, its result, and the table that assigns handlers to inputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, overload

from pydantic import TypeAdapter

from chassis.documents import Put, Raw, Ref
from chassis.errors import Misuse
from chassis.ids import derive
from contracts.base import Event


@dataclass(slots=True)
class Moment:
    """The time of an input, and ids that are the same when the input is handled again.

    `cause` names the service and the input, so that two services never derive the same id from one event.
    """

    now: datetime
    cause: str

    def id(self, name: str) -> str:
        """The id derived from this input for `name`."""
        return derive(self.cause, name)


@dataclass(frozen=True)
class Timer:
    """Handle `body` at `due`; scheduling an existing id replaces the timer, and a cancelled timer never fires."""

    id: str
    due: datetime
    body: Any
    key: str


@dataclass(frozen=True)
class Job:
    """Run `body` outside any transaction, soon; the worker's result is handled as an input."""

    id: str
    body: Any
    key: str


@dataclass(slots=True)
class Change:
    """The result of a handler: documents, events, timers and jobs that are committed together, and an answer."""

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
E = TypeVar("E")


@dataclass(frozen=True)
class Reaction:
    """One row of the table: the type of input, the documents that it needs, and the handler.

    An event for which `concerns` is false changes nothing, whatever is stored: it is passed over and leaves no receipt.
    """

    type: type[Any]
    needs: Callable[[Any], Sequence[Ref[Any]]]
    then: Callable[..., Change]
    name: str = field(default="")
    concerns: Callable[[Any], bool] = field(default=lambda _: True)


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
@overload
def on(
    type: type[I],
    needs: Callable[[I], tuple[Ref[A], Ref[B], Ref[C], Ref[D], Ref[E]]],
    then: Callable[[I, A | None, B | None, C | None, D | None, E | None, Moment], Change],
) -> Reaction: ...
def on(type: type[Any], needs: Callable[[Any], Any], then: Callable[..., Change]) -> Reaction:  # noqa: A002
    """Assign a handler to a type of input; the documents from `needs` are loaded first."""
    return Reaction(type, needs, then, then.__name__)


def ignore(*types: type[Event]) -> tuple[Reaction, ...]:
    """Declare subscribed events that this service does not use, so that none is forgotten."""
    return tuple(
        Reaction(type_, lambda _: (), lambda *_: NOTHING, "ignore", lambda _: False) for type_ in types
    )


def where(concerns: Callable[[Any], bool], reaction: Reaction) -> Reaction:
    """Limit a reaction to the events that it concerns; the others of this type are passed over."""
    return replace(reaction, concerns=concerns)


class Reactions:
    """The table of a service: which handler runs for which type of input."""

    def __init__(self, *lines: Reaction | Iterable[Reaction]) -> None:
        self._lines: dict[type[Any], Reaction] = {}
        self._adapters: dict[type[Any], TypeAdapter[Any]] = {}
        for line in lines:
            for reaction in [line] if isinstance(line, Reaction) else line:
                if reaction.type in self._lines:
                    raise Misuse(f"{reaction.type.__name__} is in the table twice")
                self._lines[reaction.type] = reaction

    def get(self, type_: type[Any]) -> Reaction | None:
        """The row for this type of input, if there is one."""
        return self._lines.get(type_)

    def passes_over(self, body: Any) -> bool:
        """Whether a body is of a type in the table and does not concern this service."""
        reaction = self._lines.get(type(body))
        return reaction is not None and not reaction.concerns(body)

    def dump(self, body: Any) -> Raw:
        """The stored form of the body of a timer or job."""
        dumped: Raw = self._adapter(type(body)).dump_python(body)
        return dumped

    def load(self, type_: type[Any], row: Raw) -> Any:
        """The body in a stored form."""
        return self._adapter(type_).validate_python(row)

    def _adapter(self, type_: type[Any]) -> "TypeAdapter[Any]":
        if type_ not in self._adapters:
            self._adapters[type_] = TypeAdapter(type_)
        return self._adapters[type_]

    def types(self) -> tuple[type[Any], ...]:
        """Every type of input in the table."""
        return tuple(self._lines)
