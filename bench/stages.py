"""The stages of a report: when each service's database first committed something about it, read from the oplog."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import Timestamp

from bench.engines import Engines

Row = dict[str, Any]
TEMPLATES = ("case-opened", "case-held")
KEPT, ROUTED, DECIDED = "kept", "routed", "decided"
STAGES = {
    KEPT: "until intake has committed it",
    ROUTED: "until routing has opened its case",
    DECIDED: "until notify has decided on the letter",
}
_NAMESPACES = {"intake.reports": KEPT, "routing.cases": ROUTED, "notify.messages": DECIDED}


def commit_times(engines: Engines, since: Timestamp) -> dict[str, dict[str, float]]:
    """When (seconds since 1970) each report was committed at each stage after an oplog timestamp."""
    names = list(_NAMESPACES)
    where = {"ts": {"$gt": since}, "$or": [{"ns": {"$in": names}}, {"o.applyOps.ns": {"$in": names}}]}
    return read(engines.client["local"]["oplog.rs"].find(where))


def read(entries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The same from oplog entries; the first commit counts."""
    found: dict[str, dict[str, float]] = {name: {} for name in STAGES}
    for entry in entries:
        when = entry["wall"].timestamp()
        for operation in entry["o"].get("applyOps", (entry,)):
            for stage, report in _stage(operation):
                found[stage].setdefault(report, when)
    return found


def _stage(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stage = _NAMESPACES.get(operation["ns"])
    if stage is None or operation["op"] != "i":
        return
    document = operation["o"]
    if stage == KEPT:
        yield stage, str(document["_id"])
    elif stage == ROUTED or document["state"]["template"] in TEMPLATES:
        yield stage, str(document["state"]["report_id"])
