"""The writes of recorded reports, and their batches for plain drivers."""

from typing import Any

from bench.recorder import together
from bench.recording import DELETE, INSERT, UPDATE, Write, bounds, missing, split, writes


def entry(*operations: dict[str, Any]) -> dict[str, Any]:
    """One transaction as an oplog entry."""
    return {"ns": "admin.$cmd", "op": "c", "o": {"applyOps": list(operations)}}


def inserted(namespace: str, id_: str) -> dict[str, Any]:
    return {"ns": namespace, "op": "i", "o": {"_id": id_, "n": 1}}


def updated(namespace: str, id_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"ns": namespace, "op": "u", "o": body, "o2": {"_id": id_}}


def test_an_update_of_fields_becomes_an_update_of_the_same_fields() -> None:
    diff = {
        "u": {"version": 2},
        "d": {"old": False},
        "sstate": {"i": {"new": 1}, "slist": {"a": True, "u0": 7}},
    }
    [found] = writes([entry(updated("intake.reports", "r1", {"$v": 2, "diff": diff}))], ["intake"])["intake"]

    assert found == Write(
        "reports",
        UPDATE,
        "r1",
        {"$set": {"version": 2, "state.new": 1, "state.list.0": 7}, "$unset": {"old": ""}},
    )


def test_a_replacement_and_what_is_no_work_of_a_report() -> None:
    found = writes(
        [
            entry(updated("intake.reports", "r1", {"_id": "r1", "version": 2})),
            entry(updated("intake.leases", "slot/0", {"_id": "slot/0"}), inserted("watcher.x", "1")),
            inserted("notify.messages", "m") | {"ns": "notify.messages"},
            {"ns": "intake.outbox", "op": "d", "o": {"_id": "e1"}},
        ],
        ["intake", "notify"],
    )

    assert found["intake"] == [
        Write("reports", UPDATE, "r1", {"_id": "r1", "version": 2}),
        Write("outbox", DELETE, "e1", alone=True),
    ]
    assert [one.op for one in found["notify"]] == [INSERT]


def test_a_document_that_is_inserted_again_is_replaced() -> None:
    rows = [inserted("intake.outbox", "e1"), {"ns": "intake.outbox", "op": "d", "o": {"_id": "e1"}}]
    found = writes([entry(*rows), entry(rows[0])], ["intake"])["intake"]

    assert [one.op for one in found] == [INSERT, DELETE, UPDATE]


def test_no_transaction_changes_what_it_inserted_and_deletes_come_last() -> None:
    report, event = (
        Write("reports", INSERT, "r1", {"_id": "r1"}),
        Write("outbox", INSERT, "e1", {"_id": "e1"}),
    )
    change, fence = (
        Write("reports", UPDATE, "r1", {"$set": {"n": 2}}),
        Write("fences", UPDATE, "f", {"$set": {}}),
    )
    sent = Write("outbox", UPDATE, "e1", {"$set": {"sent": 1}}, alone=True)
    [chunk] = split([report, event, sent, Write("outbox", DELETE, "e1"), change, fence], 1)

    assert chunk.transactions == [
        {"reports": [report], "outbox": [event], "fences": [fence]},
        {"reports": [change]},
    ]
    assert chunk.updates == {"outbox": [sent]}
    assert chunk.deletes == {"outbox": ["e1"]}


def test_batches_hold_every_write_once_and_in_order() -> None:
    found = [Write("reports", INSERT, number, {"_id": number}) for number in range(10)]
    chunks = split(found, 3)

    assert bounds(10, 3) == [(0, 3), (3, 6), (6, 10)]
    assert [one for chunk in chunks for one in chunk.transactions[0]["reports"]] == found


def test_what_existed_before_is_what_is_changed_but_not_inserted() -> None:
    rows = [
        Write("fences", UPDATE, "f"),
        Write("reports", INSERT, "r"),
        Write("reports", UPDATE, "r"),
        Write("timers", DELETE, "t"),
    ]

    assert missing(rows) == {"fences": {"f"}, "timers": {"t"}}


def test_reports_of_one_unit_of_work_are_counted_by_its_commit() -> None:
    both = entry(
        inserted("intake.reports", "r1"), inserted("intake.reports", "r2"), inserted("intake.outbox", "e")
    )

    assert (
        together([both, entry(inserted("routing.cases", "c1")), entry(inserted("intake.inbox", "i"))]) == 1.5
    )
    assert together([]) == 1.0
