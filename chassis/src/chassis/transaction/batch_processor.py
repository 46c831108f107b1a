"""The batch processor: runs a batch of inputs through the handlers in order, in memory; each input takes effect wholly or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.documents import Put, Raw, Ref, TrackedDocument
from chassis.errors import Early, Misuse, Refused, Unavailable
from chassis.handling import NOTHING, Change, Job, Moment, Reaction, Reactions, Timer
from chassis.ids import derive, slot_of
from chassis.transaction.batch_reader import DocumentKey
from chassis.transaction.inputs import Input, Outcome, Result
from chassis.transaction.outbox_rows import fact_row, mirror_row, stall_row
from chassis.transaction.parked import ParkedKey, Record, parked_key_id, receipt_id, stalled
from contracts.base import Event


@dataclass
class Effects:
    """Everything that a batch changes, to be written in one transaction."""

    inbox: list[Raw] = field(default_factory=list)
    written: dict[DocumentKey, TrackedDocument[Any]] = field(default_factory=dict)
    read: dict[DocumentKey, TrackedDocument[Any]] = field(default_factory=dict)
    outbox: list[Raw] = field(default_factory=list)
    timers: dict[str, Raw] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    jobs: dict[str, Raw] = field(default_factory=dict)
    finished_jobs: list[str] = field(default_factory=list)
    released: set[str] = field(default_factory=set)
    parked_tasks: list[Raw] = field(default_factory=list)


@dataclass
class BatchProcessor:
    """One batch in memory: what was read, and what it becomes.

    `started_at` is this process's own time: what must not depend on another clock (how long a receipt is kept, when a job may
    start) is counted from it; every decision uses the inputs' own times.
    """

    service: str
    slots: int
    reactions: Reactions
    seen: dict[str, Raw]
    tracked: dict[DocumentKey, TrackedDocument[Any]]
    parked_keys: dict[str, ParkedKey]
    waiting: Mapping[DocumentKey, Raw]
    started_at: datetime
    refs: Mapping[int, Sequence[Ref[Any]]] = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)

    def run(self, inputs: Iterable[Input]) -> list[Outcome]:
        """Handle the inputs in order; raises only Unavailable, every other error ends one input."""
        return [self._process(item) for item in inputs]

    def _process(self, item: Input) -> Outcome:
        known = self._earlier_outcome(item)
        if known is not None:
            return known
        if item.unknown:
            return Outcome(item, Result.UNKNOWN)
        if item.record is not None and self.reactions.passes_over(item.body):
            return Outcome(item, Result.IGNORED)
        parked_key = self._parked_key(item)
        if parked_key is not None and self._was_parked(item):
            return Outcome(item, Result.AGAIN)
        if parked_key is not None and parked_key.size and not item.replayed:
            return self._park(item, parked_key, "behind", "", Result.BEHIND)
        if item.unreadable is not None:
            return self._park(item, parked_key, "poison", item.unreadable, Result.PARKED)
        reaction = self.reactions.get(type(item.body))
        return self._without_handler(item) if reaction is None else self._handle(item, reaction, parked_key)

    def _handle(self, item: Input, reaction: Reaction, parked_key: ParkedKey | None) -> Outcome:
        try:
            refs = self.refs.get(id(item)) or reaction.needs(item.body)
            states = [self.tracked[ref.collection.name, ref.id].state for ref in refs]
            cause = f"{self.service}/{item.name}"
            change = reaction.then(item.body, *states, Moment(item.now, cause))
            return self._apply(item, refs, change, cause)
        except Unavailable:
            raise
        except Refused as refusal:
            # A refused command leaves no receipt and may be corrected under its id; events, timers and results are parked.
            return self._park(item, parked_key, "refused", str(refusal), Result.REFUSED, refusal)
        except Early as early:
            return self._park_until(item, parked_key, early)
        except Exception as error:  # noqa: BLE001 - a bug in a handler ends one input, not the batch
            return self._park(
                item, parked_key, "failed", f"{type(error).__name__}: {error}", Result.FAILED, error
            )

    def _earlier_outcome(self, item: Input) -> Outcome | None:
        if item.consumes is not None:
            return None if self._is_pending(item, *item.consumes) else Outcome(item, Result.AGAIN)
        row = self.seen.get(item.name)
        if row is None:
            return None
        if item.fingerprint != row.get("fingerprint"):
            return Outcome(item, Result.REFUSED, error=id_reused())
        return Outcome(item, Result.AGAIN, answer=row.get("answer"))

    def _is_pending(self, item: Input, collection: str, name: str) -> bool:
        """Whether a timer or job still waits; a moved timer has another due time, a postponed job is the same job."""
        row = self.waiting.get((collection, name))
        if row is None or name in self.effects.cancelled or name in self.effects.finished_jobs:
            return False
        return collection != "timers" or bool(row["due"] == item.now)

    def _without_handler(self, item: Input) -> Outcome:
        if item.consumes is not None:
            self._consume(item, {})
        return Outcome(item, Result.UNKNOWN if item.body is not None else Result.IGNORED)

    def _parked_key(self, item: Input) -> ParkedKey | None:
        """The parked key of the input, if its key was ever parked."""
        if item.record is None or not self.parked_keys:
            return None
        return self.parked_keys.get(parked_key_id(self.service, item.record.topic, item.key))

    def _was_parked(self, item: Input) -> bool:
        """A group whose offsets were reset reads parked records again: each is parked once."""
        return item.record is not None and not item.replayed and receipt_id(item.record) in self.seen

    def _make_parked_key(self, record: Record, key: str) -> ParkedKey:
        name = parked_key_id(self.service, record.topic, key)
        return self.parked_keys.setdefault(name, ParkedKey(name, record.topic, key))

    def _apply(self, item: Input, refs: Sequence[Ref[Any]], change: Change, cause: str) -> Outcome:
        if change is NOTHING:
            self._consume(item, {})
            return Outcome(item, Result.IGNORED)
        writes = self._states(change.write)
        outbox = [
            self._stamp(item, event, derive(cause, f"say/{n}"), writes)
            for n, event in enumerate(change.events)
        ]
        for key, tracked in writes.items():
            self._track(key, tracked)
        for ref in refs:
            key = (ref.collection.name, ref.id)
            if key not in writes and not ref.collection.reference:
                self.effects.read[key] = self.tracked[key]
        self.effects.outbox += outbox
        if change.timers or change.cancel or change.jobs:
            self._schedule(item, change)
        self._consume(item, {"answer": dict(change.answer)} if change.answer is not None else {})
        return Outcome(item, Result.DONE, answer=change.answer)

    def _states(self, puts: Iterable[Put[Any]]) -> dict[DocumentKey, TrackedDocument[Any]]:
        writes: dict[DocumentKey, TrackedDocument[Any]] = {}
        for put in puts:
            key = (put.collection.name, put.id)
            before = self.tracked.get(key)
            if before is None:
                raise Misuse(f"{key[0]}/{key[1]} is written but not declared in `needs`")
            writes[key] = TrackedDocument(
                put.collection,
                put.id,
                put.state,
                before.version,
                dict(before.sequences),
                before.stamp,
                before.awaited,
                before.stored,
                before.ahead,
            )
        return writes

    def _stamp(
        self, item: Input, event: Event, event_id: str, writes: dict[DocumentKey, TrackedDocument[Any]]
    ) -> Raw:
        subject, topic = event.subject, event.topic
        for tracked in writes.values():
            if tracked.id == subject and topic in tracked.collection.publishes:
                place = tracked.next_position(topic, int(item.now.timestamp() * 1000))
                return fact_row(event, event_id, place, self.slots, (item.id, item.now, item.lineage))
        raise Misuse(f"{event.type_tag} is published but the document of its subject is not written")

    def _track(self, key: DocumentKey, tracked: TrackedDocument[Any]) -> None:
        if tracked.awaited and tracked.state is not None:
            self.effects.released.update(tracked.awaited)
            tracked.awaited = ()
        self.tracked[key] = tracked
        self.effects.written[key] = tracked
        self.effects.read.pop(key, None)

    def _schedule(self, item: Input, change: Change) -> None:
        for timer_id in change.cancel:
            self.effects.timers.pop(timer_id, None)
            self.effects.cancelled.add(timer_id)
        for timer in change.timers:
            self.effects.timers[timer.id] = self._row(item, timer) | {"due": timer.due}
            self.effects.cancelled.discard(timer.id)
        for job in change.jobs:
            self.effects.jobs[job.id] = self._row(item, job) | {"due": self.started_at, "attempt": 0}

    def _row(self, item: Input, task: Timer | Job) -> Raw:
        return {
            "_id": task.id,
            "slot": slot_of(task.key, self.slots),
            "kind": type(task.body).__name__,
            "body": self.reactions.dump(task.body),
            "key": task.key,
            **item.lineage.raw(),
        }

    def _consume(self, item: Input, receipt: Raw) -> None:
        if item.consumes is not None:
            collection, name = item.consumes
            if collection == "jobs":
                self.effects.finished_jobs.append(name)
            elif name not in self.effects.timers:
                self.effects.cancelled.add(name)
            return
        row: Raw = {"_id": item.name, "at": self.started_at} | receipt
        if item.fingerprint is not None:
            row["fingerprint"] = item.fingerprint
        self.seen[row["_id"]] = row
        self.effects.inbox.append(row)

    def _park_until(self, item: Input, parked_key: ParkedKey | None, early: Early) -> Outcome:
        if item.record is None:
            return Outcome(item, Result.EARLY, error=early)
        parked_key = parked_key or self._make_parked_key(item.record, item.key)
        key = (early.collection, early.id)
        awaited = self.tracked.get(key)
        if awaited is None:
            raise Misuse(f"{early}, but the document is not declared in `needs`")
        if parked_key.id not in awaited.awaited:
            awaited.awaited += (parked_key.id,)
        self.effects.written[key] = awaited
        parked_key.awaits = f"{early.collection}/{early.id}"
        return self._park(item, parked_key, "early", str(early), Result.EARLY, early)

    def _park(
        self,
        item: Input,
        parked_key: ParkedKey | None,
        reason: str,
        detail: str,
        result: Result,
        error: Exception | None = None,
    ) -> Outcome:
        if item.consumes is not None:
            added = {"reason": reason, "detail": detail[:2000], "head": None}
            added["_id"] = f"{item.consumes[0]}|{item.consumes[1]}"
            self.effects.parked_tasks.append(self.waiting[item.consumes] | added)
            self._consume(item, {})
        if item.record is not None and not item.replayed:
            self._queue(
                parked_key or self._make_parked_key(item.record, item.key), item.record, reason, detail
            )
        return Outcome(item, result, error=error)

    def _queue(self, parked_key: ParkedKey, record: Record, reason: str, detail: str) -> None:
        stops = parked_key.size == 0
        parked_key.park(record, reason, detail, self.started_at)
        self.effects.inbox.append({"_id": receipt_id(record), "at": self.started_at})
        service, slots, now = self.service, self.slots, self.started_at
        self.effects.outbox.append(
            mirror_row(service, slots, parked_key.added[-1]["_id"], record, reason, now)
        )
        if stops:
            event = stalled(parked_key, service, reason)
            self.effects.outbox.append(stall_row(service, slots, parked_key, event, now))


def id_reused() -> Refused:
    """The error for a different body under an id that was used before."""
    return Refused(
        "id-reused",
        "This id was already used with a different body.",
        status=422,
        fix="Repeat the first body, or send this one under a new id.",
    )
