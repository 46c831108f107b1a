"""The results of runs: one JSON file per run, and the summary of all recorded runs."""

import json
import platform
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from bench.faults.audit import DISORDERED, DOUBLED, LOST
from bench.faults.campaign import Campaign, Round, totals
from bench.faults.catalogue import faults_of
from bench.faults.context import PATIENCE, Injection
from bench.faults.controls import Result
from bench.faults.processes import SESSION_SECONDS, WITH_SUCCESSOR
from stack.files import write_atomically
from stack.tools import KAFKA, MONGOD, REPOSITORY

FOLDER = REPOSITORY / "bench" / "results" / "faults"
PACKAGES = ("faststream", "aiokafka", "motor", "pymongo", "uvloop")
REPLACED = "service replaced by another"
LIGHT_RATE = (
    20.0  # reports/s that leave processor time free; above it, a recovery is mostly time in the queue
)
TARGETS = (
    ("service restarted under its name", ("F1", "F2"), 5.0),
    (REPLACED, ("F3",), SESSION_SECONDS + 5.0),
    ("broker or mongod", ("F4", "F5"), 15.0),
    ("everything at once", ("F14",), 60.0),
)
Json = dict[str, Any]


def document(
    campaign: Campaign, controls: Sequence[Result], greens: Sequence[Result], seconds: float
) -> Json:
    """The whole result of a run."""
    context, rounds = campaign.context, campaign.rounds
    kinds = sum((one.verdict.kinds for one in rounds), Counter[str]())
    wanted = {fault.kind for fault in faults_of(campaign.size.only)} if rounds else set[str]()
    return {
        "seed": campaign.seed,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "conditions": conditions(),
        "size": asdict(campaign.size) | {"only": sorted(campaign.size.only)},
        "faults": context.injected,
        "lost": kinds[LOST],
        "double": kinds[DOUBLED],
        "out_of_order": kinds[DISORDERED],
        "money_snapshots": context.budget_sampler.taken,
        "broken": campaign.broken,
        "unsettled_rounds": sum(1 for one in rounds if not one.settled),
        **totals(rounds),
        "by_kind": by_kind(context.injections),
        "recovery": by_target(context.injections),
        "skipped": context.skipped,
        "missing": sorted(wanted - {one.kind for one in context.injections} - set(context.skipped)),
        "spared_poison": sorted(context.spare),
        "poison_refused_by_broker": context.notes.get("poison that the broker refuses", {}),
        "links": context.environment.links.figures(),
        "restarts": len(context.environment.restarts),
        "controls": [asdict(one) for one in controls],
        "greens": [asdict(one) for one in greens],
        "rounds": [round_row(one) for one in rounds],
        "injections": [asdict(one) for one in context.injections],
    }


def round_row(one: Round) -> Json:
    """A round as JSON."""
    row = asdict(replace(one, verdict=replace(one.verdict, kinds=Counter())))
    row["verdict"]["kinds"] = dict(one.verdict.kinds)  # asdict would count the pairs of a Counter
    return row


def conditions() -> Json:
    """The conditions of a run: commit, versions and machine."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True
    )
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "engines": [KAFKA, MONGOD],
        "cores": len(
            [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line[:9] == "processor"]
        ),
        "memory_gib": round(int(memory) / 1024**2, 1),
        "load_average": Path("/proc/loadavg").read_text().split()[:3],
    }


def by_kind(injections: Iterable[Injection]) -> Mapping[str, Json]:
    """Counts and recovery times (seconds from healing until nothing was unfinished) by kind."""
    found: dict[str, Json] = {}
    kinds = sorted({one.kind for one in injections}, key=lambda kind: int(kind[1:]))
    for kind in kinds:
        ours = [one for one in injections if one.kind == kind]
        times = sorted(one.recovery for one in ours if one.recovery is not None)
        found[kind] = {"faults": sum(one.count for one in ours), "timed": len(times)} | percentiles(times)
    return found


def by_target(injections: Iterable[Injection]) -> Mapping[str, Json]:
    """Recovery times by target."""
    found: dict[str, Json] = {}
    timed = [one for one in injections if one.recovery is not None]
    for name, kinds, seconds in TARGETS:
        replaced = name == REPLACED
        ours = [one for one in timed if one.kind in kinds and (WITH_SUCCESSOR in one.what) == replaced]
        times = sorted(one.recovery for one in ours if one.recovery is not None)
        found[name] = {"target": seconds, "timed": len(times)} | percentiles(times)
    return found


def percentiles(times: Sequence[float]) -> Json:
    """p50, p99 and maximum; empty for an empty sequence."""
    if not times:
        return {}
    last = len(times) - 1
    return {"p50": times[len(times) // 2], "p99": times[min(last, len(times) * 99 // 100)], "most": times[-1]}


def save_result(result: Json, folder: Path) -> Path:
    """Write the result of a run to a folder."""
    path = folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-seed{result['seed']}.json"
    write_atomically(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return path


def failures(result: Json) -> list[str]:
    """Why a run failed; empty when it did not."""
    found = [name for name in ("lost", "double", "out_of_order", "unsettled_rounds") if result[name]]
    found += [one for one in (result.get("broken"),) if one]
    found += [
        f"unfinished after {PATIENCE:.0f} s: {one['kind']} {one['what']}"
        for one in result["injections"]
        if (one.get("recovery") or 0.0) >= PATIENCE
    ]
    found += [f"{kind} was never injected" for kind in result["missing"]]
    found += [f"{one['name']} stayed green" for one in result["controls"] if not one["red"]]
    return found + [f"{one['name']} turned red" for one in result["greens"] if one["red"]]


def combined_failures(results: Sequence[Json]) -> list[str]:
    """Why recorded runs failed; a kind that one run missed may occur in another."""
    came = {injection["kind"] for one in results for injection in one["injections"]}
    return [
        f"seed {one['seed']}: {reason}"
        for one in results
        for reason in failures(one | {"missing": sorted(set(one["missing"]) - came)})
    ]


def last_line(results: Sequence[Json]) -> str:
    """The summary line of one or more runs; a control counts as red when it was red every time."""
    total = {
        name: sum(one[name] for one in results)
        for name in ("faults", "reports", "lost", "double", "out_of_order")
    }
    green = {control["name"] for one in results for control in one["controls"] if not control["red"]}
    controls = {control["name"] for one in results for control in one["controls"]}
    return (
        f"faults: {total['faults']} injected, {total['reports']} reports, {total['lost']} lost, "
        f"{total['double']} double, {total['out_of_order']} out of order, {len(controls - green)} of {len(controls)} controls red"
    )


def recorded(folder: Path) -> list[Json]:
    """The recorded results of a folder, oldest first."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def summary() -> int:
    """Print the summary of all recorded runs."""
    results, before_fix = recorded(FOLDER), recorded(FOLDER / "mended")
    show(Console(), results)
    if before_fix:
        print(f"before a fix, not included ({FOLDER.name}/mended): {last_line(before_fix)}")
    print(last_line(results), flush=True)
    reasons = combined_failures(results)
    for reason in reasons:
        print(f"faults: {reason}")
    return int(bool(reasons))


def show(console: Console, results: Sequence[Json]) -> None:
    """Print tables of faults, recovery times and controls."""
    loads = by_load(results)
    rows = [one for ours in loads.values() for one in ours]
    right = [Column(name, justify="right") for name in ("faults", "timed", "p50 s", "p99 s", "max s")]
    table = Table(
        "kind", *right, title="from the end of the fault until everything accepted before it was finished"
    )
    for kind, found in by_kind(rows).items():
        table.add_row(kind, str(found["faults"]), str(found["timed"]), *_times(found))
    console.print(table)
    for load, ours in loads.items():
        _show_recovery(console, load, ours)
    sums = Counter[str]()
    for result in results:
        sums.update(
            {
                name: result[name]
                for name in ("mails", "mail_copies", "facts", "fact_copies", "parked", "refused")
            }
        )
    console.print(
        f"raw copies: {sums['mail_copies']} of {sums['mails']} mails, {sums['fact_copies']} records for "
        f"{sums['facts']} facts; {sums['parked']} poison records; {sums['refused']} reports never accepted",
        highlight=False,
    )
    _show_controls(console, results)
    for reason in sorted(
        {f"{kind} skipped: {why}" for one in results for kind, why in one["skipped"].items()}
    ):
        console.print(reason, highlight=False)


def by_load(results: Iterable[Json]) -> Mapping[str, Sequence[Injection]]:
    """The faults of runs by load: those at which reports rarely queue, and those above."""
    found: dict[str, list[Injection]] = {}
    for result in results:
        is_light = result["size"]["rate"] <= LIGHT_RATE
        load = f"{'up to' if is_light else 'more than'} {LIGHT_RATE:.0f} reports/s"
        found.setdefault(load, []).extend(Injection(**one) for one in result["injections"])
    return dict(sorted(found.items(), reverse=True))


def _show_recovery(console: Console, load: str, injections: Sequence[Injection]) -> None:
    right = [Column(name, justify="right") for name in ("target s", "timed", "p50 s", "p99 s", "max s")]
    table = Table("recovery", *right, title=load)
    for name, found in by_target(injections).items():
        table.add_row(name, f"{found['target']:.0f}", str(found["timed"]), *_times(found))
    console.print(table)


def _times(found: Json) -> list[str]:
    return [f"{found[name]:.1f}" if name in found else "" for name in ("p50", "p99", "most")]


def _show_controls(console: Console, results: Sequence[Json]) -> None:
    """For each control: tries, tries with the required result, and the most faults it took."""
    tried = [(one, True) for result in results for one in result["controls"]]
    tried += [(one, False) for result in results for one in result["greens"]]
    if not tried:
        return
    table = Table(
        "control", "expected", *(Column(name, justify="right") for name in ("tries", "as expected", "faults"))
    )
    for name in dict.fromkeys(one["name"] for one, _ in tried):
        ours = [(one, red) for one, red in tried if one["name"] == name]
        right = sum(1 for one, red in ours if one["red"] == red)
        most = max(one["faults"] for one, _ in ours)
        table.add_row(name, "red" if ours[0][1] else "green", str(len(ours)), str(right), str(most))
    console.print(table)
