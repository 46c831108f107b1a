"""What a run leaves: raw figures, a table for people, and a summary line for machines."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from bench.cost_report import costs
from bench.drivers import drivers
from bench.figures import Drain, Figures, Killed, median, percentile
from bench.journey import ACCEPT, END_TO_END, QUIET, STEADY
from bench.runs import BARE_RELAY, BATCHED, FLOOR, NAIVE, OTHER_DRIVER, OURS, RELAY, RELAYS, SENT
from bench.stages import STAGES
from stack.files import write_atomically

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
RELAYED = "relay-idle"
NAMES = {
    NAIVE: "FastStream handler: update_one, publish, AckPolicy.ACK",
    BATCHED: "its batch form: list[Model], insert_many, publish_batch",
    OURS: "this project: facts committed, another replica relays",
    OTHER_DRIVER: "the same on PyMongo's async client instead of Motor",
    SENT: "this project: the same process relays until the broker has every fact",
    FLOOR: "floor: bare drivers, one transaction per 500 events, no decoding and no rules",
    RELAY: "relay of this project: outbox → broker",
    BARE_RELAY: "its floor: bare drivers find, send and delete the same records, in any order",
}
LATENCIES = {
    RELAYED: "a fact, from its commit to the broker's acknowledgement, idle",
    QUIET: "a report, from its scheduled time to its letter at the mail server, 5/s",
    **{f"{QUIET}/{name}": f"of that, {text}" for name, text in STAGES.items()},
    STEADY: "the same at 20/s",
    END_TO_END: "the same at 100/s",
    **{f"{END_TO_END}/{name}": f"of that, {text}" for name, text in STAGES.items()},
    ACCEPT: "a report, from its scheduled time to the answer 201, 200/s",
}


def last_line(figures: Figures) -> str:
    """The summary line, whose form machines read."""
    rates = {
        "ours": OURS,
        "naive": NAIVE,
        "naive-batch": BATCHED,
        "floor": FLOOR,
        "relay": RELAY,
    }
    words = ", ".join(f"{name} {figures.rate(variant):.0f}/s" for name, variant in rates.items())
    way = figures.latency(END_TO_END)
    return f"bench: {words}, end-to-end p50 {_ms(way.at(0.5))} ms p99 {_ms(way.at(0.99))} ms"


def _ms(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def table(figures: Figures) -> str:
    """The figures as Markdown."""
    parts = (_speeds, _times, costs, drivers, _wakeups, _notes)
    return "\n\n".join(found for part in parts if (found := "\n".join(part(figures)))) + "\n"


def _speeds(figures: Figures) -> Iterator[str]:
    if not figures.drains:
        return
    yield "| what | events/s, median (min–max) | of the floor | CPU ms per event: client, mongod, broker | under kill -9 |"
    yield "|---|---:|---:|---:|---|"
    floors = dict.fromkeys(NAMES, figures.rate(FLOOR)) | dict.fromkeys(RELAYS, figures.rate(BARE_RELAY))
    for variant, name in NAMES.items():
        rates = figures.rates(variant)
        if not rates:
            continue
        rows = [row for row in figures.drains if row.arm == variant]
        costs = (
            median([getattr(row, f"{who}_cpu") for row in rows]) for who in ("client", "mongod", "broker")
        )
        share = f"{figures.rate(variant) / floors[variant]:.2f}" if floors[variant] else ""
        speed = f"{figures.rate(variant):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
        yield f"| {name} | {speed} | {share} | {', '.join(f'{cost:.3f}' for cost in costs)} | {_kill_results(figures, variant)} |"


def _kill_results(figures: Figures, variant: str) -> str:
    found = next((row for row in figures.killed if row.arm == variant), None)
    if found is None:
        return ""
    copies = f", {found.copies} copies under their own id" if found.copies else ""
    return f"{found.kills} kills, {found.events:,} events: {found.lost} lost, {found.doubled} doubled{copies}"


def _times(figures: Figures) -> Iterator[str]:
    if not figures.latencies:
        return
    yield "| time, ms | p50 | p95 | p99 | maximum | timed | unfinished |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, text in LATENCIES.items():
        found = figures.latency(name)
        if found.values:
            shares = " | ".join(_ms(found.at(share)) for share in (0.5, 0.95, 0.99, 1.0))
            yield f"| {text} | {shares} | {len(found.values):,} | {found.missing} |"


def _wakeups(figures: Figures) -> Iterator[str]:
    if not figures.wakeups:
        return
    yield "| how eight replicas wait | commits/s | mongod, % of a core | client, % of a core | p50 ms | p99 ms |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in figures.wakeups:
        late = " | ".join(_ms(percentile(row.milliseconds, share)) for share in (0.5, 0.99))
        yield f"| {row.way} | {row.rate:.0f} | {100 * row.mongod_cpu:.1f} | {100 * row.client_cpu:.1f} | {late} |"


def _notes(figures: Figures) -> Iterator[str]:
    if "through all" in figures.sustained:
        accepted, through = figures.sustained["accepted"], figures.sustained["through all"]
        yield (
            f"Maximum throughput: {accepted:,.0f} reports/s accepted, {through:,.0f} reports/s through all four services (accepted, "
            "routed, consumed by subsidies, their letters decided and queued); while many letters are queued, one process hands over "
            f"{figures.sustained['letters handed over']:,.0f} letters/s to the mail server."
        )
        yield ""
    conditions = "; ".join(f"{name} {value}" for name, value in figures.conditions.items())
    yield f"Seed {figures.seed}; {conditions}. Measured by `make bench`, counted by what the database committed."


def save(figures: Figures, folder: Path) -> None:
    """Write everything that was measured: a CSV per kind, one JSON, the table."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "drains.csv", figures.drains)
    write_rows(folder / "kills.csv", figures.killed)
    with (folder / "latencies.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["name", "rate", "milliseconds"])
        for latency in figures.latencies:
            rows.writerows([latency.name, latency.rate, f"{value:.3f}"] for value in latency.values)
    whole = asdict(figures)
    for row in whole["latencies"]:
        values = row.pop("values")
        row["timed"] = len(values)
    for row, latency in zip(whole["latencies"], figures.latencies, strict=True):
        shares = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
        row |= {f"p{100 * share:g}": round(latency.at(share), 3) for share in shares if latency.values}
    for row in whole["wakeups"]:
        row["heard"] = len(row.pop("milliseconds"))
    whole["medians"] = {variant: round(figures.rate(variant), 1) for variant in NAMES}
    write_atomically(folder / "figures.json", json.dumps(whole, indent=1) + "\n")
    write_atomically(folder / "table.md", table(figures))


def write_rows(path: Path, rows: Sequence[Drain] | Sequence[Killed]) -> None:
    """A CSV with one line per row under the names of its fields."""
    with path.open("w", newline="") as file:
        if rows:
            out = csv.DictWriter(file, [field.name for field in fields(rows[0])], lineterminator="\n")
            out.writeheader()
            out.writerows(asdict(row) for row in rows)


def with_table(text: str, new: str) -> str:
    """The text with the table between its markers; raises ValueError unless both occur once and in order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{BEGIN} and {END} must each occur once, in this order")
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    return f"{head}\n{new}{tail}"
