"""The documents of a service: typed, addressed by collection and id."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from chassis.errors import Misuse, Unavailable

T = TypeVar("T")
Raw = dict[str, Any]
Upcaster = Callable[[Raw], Raw]


@dataclass(frozen=True)
class Collection(Generic[T]):
    """One kind of document: a frozen dataclass, stored under the id that `key` returns.

    `publishes` names the topics whose subjects are these documents: the sequence of each topic is stored with the document.
    `reference` marks reference data (registers, rule packs): read in the same snapshot but not locked when it is only read,
    because a decision names the version that it used.
    `upcasters` convert each older form of the state to the next; the form written now is one more than their number.
    """

    name: str
    type: type[T]
    key: Callable[[T], str]
    publishes: tuple[str, ...] = ()
    reference: bool = False
    upcasters: tuple[Upcaster, ...] = ()
    schema: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", 1 + len(self.upcasters))

    @cached_property
    def adapter(self) -> TypeAdapter[T]:
        """Reads and writes the state; made when the first document is."""
        return TypeAdapter(self.type)

    def __getitem__(self, id: str) -> "Ref[T]":  # noqa: A002 - `id` is the term
        return Ref(self, id)

    def put(self, state: T) -> "Put[T]":
        """The instruction to store this state."""
        return Put(self, self.key(state), state)

    def load(self, state: Mapping[str, Any]) -> T:
        """The typed document of a state in the present form."""
        return self.adapter.validate_python(state)

    def understand(self, row: Raw) -> T | None:
        """The typed document in a stored row, whichever build wrote it; None when the row has no state.

        Raises Unavailable for a form that this build cannot know, so that the consumer pauses and nothing is parked.
        """
        state, schema = row["state"], row.get("schema", 1)
        if state is None:
            return None
        if schema == self.schema:
            return self.adapter.validate_python(state)
        try:
            return self.adapter.validate_python(self.present(state, schema))
        except ValidationError as error:
            if schema < self.schema:
                raise
            raise Unavailable(
                f"{self.name} is stored in form {schema}, unreadable to form {self.schema}"
            ) from error

    def present(self, state: Raw, schema: int) -> Raw:
        """A state converted to the form of this build; a state one form ahead keeps its additional fields."""
        if schema > self.schema + 1:
            raise Unavailable(
                f"{self.name} is stored in form {schema} and this build knows {self.schema} and the next"
            )
        for upcaster in self.upcasters[schema - 1 :]:
            state = upcaster(state)
        return state

    def unknown(self, state: Raw) -> Raw:
        """The fields of a state that a newer build wrote and this one does not have."""
        own = self.type.__dataclass_fields__  # type: ignore[attr-defined]
        return {name: value for name, value in state.items() if name not in own}

    def dump(self, state: T) -> Raw:
        """The stored form of a typed document."""
        dumped: Raw = self.adapter.dump_python(state)
        return dumped


@dataclass(slots=True)  # created for every input: cheaper than a frozen dataclass
class Ref(Generic[T]):
    """A reference to one document."""

    collection: Collection[T]
    id: str


@dataclass(frozen=True)
class Snapshot:
    """Stored documents of several collections as of one moment; one is decoded when it is asked for."""

    rows: Mapping[str, Mapping[str, Raw]]

    def get(self, collection: Collection[T], id: str) -> T | None:  # noqa: A002
        """The document, or None where there was none."""
        row = self.rows[collection.name].get(id)
        return collection.understand(row) if row else None


@dataclass(slots=True)
class Put(Generic[T]):
    """The new state of one document."""

    collection: Collection[T]
    id: str
    state: T


class EventPosition(NamedTuple):
    """The position of an event in its subject; `after` is the stamp of the previous one, 0 when there is none."""

    sequence: int
    stamp: int
    after: int


@dataclass(slots=True)
class TrackedDocument(Generic[T]):
    """A document inside a unit of work: its state, and what chassis stores with it."""

    collection: Collection[T]
    id: str
    state: T | None
    version: int = 0
    sequences: dict[str, int] = field(default_factory=dict)
    stamp: int = 0
    awaited: tuple[str, ...] = ()
    stored: bool = False
    ahead: tuple[int, Raw] | None = None  # the newer form in which it is stored, and the additional fields

    @classmethod
    def read(
        cls,
        collection: Collection[T],
        id: str,  # noqa: A002
        raw: Raw | None,
        known: T | None = None,
    ) -> "TrackedDocument[T]":
        """The document in a stored row; a missing or awaited document has no state.

        `known` is the state when this version was decoded before.
        """
        if raw is None:
            return cls(collection, id, None)
        schema = raw.get("schema", 1)  # a row of an awaited document has none
        return cls(
            collection,
            id,
            known if known is not None else collection.understand(raw),
            raw["version"],
            dict(raw.get("said", {})),
            raw.get("stamp", 0),
            tuple(raw.get("awaited", ())),
            stored=True,
            ahead=(schema, collection.unknown(raw["state"])) if schema > collection.schema else None,
        )

    def raw(self) -> Raw:
        """The document to store, with the next version."""
        row: Raw = {
            "_id": self.id,
            "version": self.version + 1,
            "state": None if self.state is None else self.collection.dump(self.state),
        }
        if self.ahead is not None:
            schema, more = self.ahead
            row |= {"schema": schema, "state": more | row["state"]}
        elif self.collection.schema > 1 and self.state is not None:
            row["schema"] = self.collection.schema
        if self.sequences:
            row |= {"said": self.sequences, "stamp": self.stamp}
        if self.awaited:
            row["awaited"] = list(self.awaited)
        return row

    def next_position(self, topic: str, now_ms: int) -> EventPosition:
        """The position of the next event: its sequence on a topic, and a stamp that never decreases for this document."""
        if topic not in self.collection.publishes:
            raise Misuse(
                f"{self.collection.name} does not publish on {topic}: name the topic in its `publishes`"
            )
        key = topic.replace(".", "/")
        self.sequences[key] = self.sequences.get(key, 0) + 1
        after, self.stamp = self.stamp, max(self.stamp + 1, now_ms)
        return EventPosition(self.sequences[key], self.stamp, after)


@dataclass(frozen=True)
class AnyOf:
    """The field has one of these values."""

    values: Sequence[Any]


@dataclass(frozen=True)
class AllOf:
    """The field is a list that has all of these values."""

    values: Sequence[Any]


@dataclass(frozen=True)
class AtMost:
    """The field exists and is not greater."""

    value: Any


@dataclass(frozen=True)
class AtLeast:
    """The field exists and is not smaller."""

    value: Any


@dataclass(frozen=True)
class Between:
    """The field exists and is between both values, inclusive."""

    first: Any
    last: Any


Where = Mapping[str, Any]  # field path (dotted) -> value, AnyOf, AllOf, AtMost, AtLeast or Between
Order = Sequence[tuple[str, int]]  # field path, 1 or -1


@dataclass(frozen=True)
class Index:
    """An index that must exist before the service starts; rows expire `expire_after` seconds after the field's time.

    With `only_with` it has only the rows that have this field; it serves queries that name the first field and this one.
    `retired` marks an index of an older build, which is dropped.
    """

    collection: str
    fields: tuple[tuple[str, int], ...]
    unique: bool = False
    expire_after: int | None = None
    only_with: str = ""
    retired: bool = False
