"""The stations on a report's way: when each database committed what it knows of it, as the oplog says."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import Timestamp

from bench.engines import Engines

Row = dict[str, Any]
TEMPLATES = ("case-opened", "case-held")
KEPT, ROUTED, DECIDED = "kept", "routed", "decided"
STATIONS = {
    KEPT: "until intake has kept it",
    ROUTED: "until routing has opened its case",
    DECIDED: "until notify has decided on the letter about that",
}
_NAMESPACES = {"intake.reports": KEPT, "routing.cases": ROUTED, "notify.messages": DECIDED}


def passed(engines: Engines, since: Timestamp) -> dict[str, dict[str, float]]:
    """When (seconds since 1970) each report passed each station after a moment of the oplog."""
    names = list(_NAMESPACES)
    where = {"ts": {"$gt": since}, "$or": [{"ns": {"$in": names}}, {"o.applyOps.ns": {"$in": names}}]}
    return read(engines.client["local"]["oplog.rs"].find(where))


def read(entries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The same of entries of an oplog; what came first counts."""
    found: dict[str, dict[str, float]] = {name: {} for name in STATIONS}
    for entry in entries:
        when = entry["wall"].timestamp()
        for operation in entry["o"].get("applyOps", (entry,)):
            for station, report in _station(operation):
                found[station].setdefault(report, when)
    return found


def _station(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    station = _NAMESPACES.get(operation["ns"])
    if station is None or operation["op"] != "i":
        return
    document = operation["o"]
    if station == KEPT:
        yield station, str(document["_id"])
    elif station == ROUTED or document["state"]["template"] in TEMPLATES:
        yield station, str(document["state"]["report_id"])
