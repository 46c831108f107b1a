"""The batch reader: everything that a batch needs, in one request of its transaction; reference data are decoded once per version."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from chassis.documents import Collection, Raw, Ref, TrackedDocument
from chassis.handling import Reactions
from chassis.store.collections import INBOX, PARKED_KEYS
from chassis.store.port import Found, Transaction
from chassis.transaction.inbox import receipt_names, receipts_by_input, renamed
from chassis.transaction.inputs import Input
from chassis.transaction.parked import ParkedKey, parked_key_id, receipt_id

DocumentKey = tuple[str, str]
Known = dict[DocumentKey, TrackedDocument[Any]]
REMEMBERED = 100_000


@dataclass
class Needs:
    """The documents that a batch of inputs needs: ids by collection, and the references of each input."""

    collections: dict[str, Collection[Any]] = field(default_factory=dict)
    ids: dict[str, dict[str, None]] = field(default_factory=dict)
    refs: dict[int, Sequence[Ref[Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, reactions: Reactions, inputs: Iterable[Input]) -> "Needs":
        """What these inputs need; a record that is passed over needs nothing.

        An input whose `needs` fails is left out: the same bug ends it in the batch processor, and it is parked alone.
        """
        found = cls()
        for item in inputs:
            reaction = reactions.get(type(item.body))
            if reaction is None or (item.record is not None and not reaction.concerns(item.body)):
                continue
            try:
                refs = found.refs[id(item)] = reaction.needs(item.body)
            except Exception:  # noqa: BLE001, S112 - see above
                continue
            for ref in refs:
                found.collections[ref.collection.name] = ref.collection
                found.ids.setdefault(ref.collection.name, {})[ref.id] = None
        return found

    def guarded(self) -> dict[str, dict[str, None]]:
        """The documents that are locked or guarded by their version: all but reference data."""
        return {name: ids for name, ids in self.ids.items() if not self.collections[name].reference}


@dataclass
class BatchRead:
    """What a batch found: receipts by input, documents, parked keys, and the timers and jobs that still wait."""

    seen: dict[str, Raw]
    tracked: Known
    parked_keys: dict[str, ParkedKey]
    waiting: Mapping[DocumentKey, Raw]


@dataclass
class BatchReader:
    """Reads for the batches of one service.

    `reference` holds reference data in the version that was read last. Each batch reads the version again, in the snapshot of its
    transaction, so that a changed document is never taken from here.
    """

    service: str
    reactions: Reactions
    reference: Known = field(default_factory=dict)

    async def read(
        self, tx: Transaction, inputs: Sequence[Input], needs: Needs, receipts: bool, parked: bool
    ) -> BatchRead:
        """Read everything; without `receipts` or `parked` those are known not to exist and are not asked for."""
        names = self._parked_names(inputs) if parked else {}
        known = self._known(needs)
        wanted = {name: [id_ for id_ in ids if (name, id_) not in known] for name, ids in needs.ids.items()}
        if receipts:
            wanted[INBOX] = receipt_names(inputs)
        wanted[PARKED_KEYS] = list(names)
        for item in inputs:
            if item.consumes is not None:
                wanted.setdefault(item.consumes[0], []).append(item.consumes[1])
        rows = await tx.read({name: ids for name, ids in wanted.items() if ids}, _by_collection(known))
        await self._refresh(tx, known, rows)
        keys = {
            name: ParkedKey.read(name, *names[name], row) for name, row in rows.get(PARKED_KEYS, {}).items()
        }
        seen = await self._seen(tx, inputs, rows.get(INBOX, {})) if receipts else {}
        return BatchRead(
            seen | await self._parked_before(tx, inputs, keys),
            self._tracked(needs, known, rows),
            keys,
            {
                (name, id_): row
                for name in {item.consumes[0] for item in inputs if item.consumes is not None}
                for id_, row in rows[name].items()
            },
        )

    def _known(self, needs: Needs) -> Known:
        """The reference data of which some version is here."""
        if len(self.reference) > REMEMBERED:
            self.reference.clear()
        return {
            (name, id_): self.reference[name, id_]
            for name, ids in needs.ids.items()
            if needs.collections[name].reference
            for id_ in ids
            if (name, id_) in self.reference
        }

    async def _refresh(self, tx: Transaction, known: Known, rows: Found) -> None:
        """Read the reference data that changed since they were read last, and forget what does not exist any more."""
        stale = [
            key
            for key, tracked in known.items()
            if rows[key[0]].get(key[1], {}).get("version") != tracked.version
        ]
        for key in stale:
            del known[key], self.reference[key]
        changed = _by_collection(key for key in stale if key[1] in rows[key[0]])
        for name, found in (await tx.read(changed, {}) if changed else {}).items():
            rows[name] |= found

    def _tracked(self, needs: Needs, known: Known, rows: Found) -> Known:
        tracked: Known = {}
        for name, ids in needs.ids.items():
            collection, found = needs.collections[name], rows.get(name, {})
            for id_ in ids:
                one = known.get((name, id_)) or TrackedDocument.read(collection, id_, found.get(id_))
                if collection.reference and one.stored:
                    self.reference[name, id_] = one
                    one = copy(one)  # a batch that is rolled back has changed only its copy
                tracked[name, id_] = one
        return tracked

    async def _seen(
        self, tx: Transaction, inputs: Sequence[Input], rows: Mapping[str, Raw]
    ) -> dict[str, Raw]:
        """The receipts of these inputs by name; a command's receipt from an older build is renamed where an event needs the name."""
        seen = receipts_by_input(inputs, rows)
        taken = [rows[item.name] for item in inputs if item.name in rows and item.name not in seen]
        if taken:
            moved = {row["_id"]: renamed(row) for row in taken}
            await tx.delete(INBOX, list(moved))
            await tx.insert(INBOX, list(moved.values()))
        return seen

    def _parked_names(self, inputs: Sequence[Input]) -> dict[str, tuple[str, str]]:
        return {
            parked_key_id(self.service, item.record.topic, item.key): (item.record.topic, item.key)
            for item in inputs
            if item.record is not None
        }

    async def _parked_before(
        self, tx: Transaction, inputs: Sequence[Input], parked_keys: Mapping[str, ParkedKey]
    ) -> dict[str, Raw]:
        """Receipts of records that were parked earlier; only a key that was ever parked can have any."""
        records = [
            item.record
            for item in inputs
            if item.record is not None
            and parked_key_id(self.service, item.record.topic, item.key) in parked_keys
        ]
        return await tx.find(INBOX, [receipt_id(record) for record in records]) if records else {}


def _by_collection(keys: Iterable[DocumentKey]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, id_ in keys:
        found.setdefault(name, []).append(id_)
    return found
