"""up, down and status."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from contracts.permissions import SERVICES
from stack.processes import say, tail
from stack.system import DEFAULT_STATE, Standing, System

ENGINES = ("kafka", "mongod", "mailbox")


def up(words: Sequence[str]) -> int:
    """Starts what does not run yet and prints where everything is."""
    parser = _parser("up")
    parser.add_argument(
        "--engines-only", action="store_true", help="Kafka, MongoDB and the mailbox, no services"
    )
    parser.add_argument("--supervise", action="store_true", help="go on starting again what ends")
    asked = parser.parse_args(words)
    if asked.engines_only and asked.supervise:
        parser.error("--supervise goes with a whole system: leave --engines-only out")
    system = System(asked.state)
    console = Console()
    start = time.monotonic()
    with console.status("starting …"):
        if asked.engines_only:
            with system.exclusively():
                system.start_engines()
                system.start_mailbox()
        else:
            system.start(asked.supervise)
    standings = system.standings()
    _print(console, [s for s in standings if not asked.engines_only or s.name in ENGINES])
    console.print(f"up in {time.monotonic() - start:.1f} s", highlight=False)
    console.print(f" mails    {system.mails}\n clients  {system.secrets.clients}", soft_wrap=True)
    return 0


def replay(words: Sequence[str]) -> int:
    """Replays what the topics remember into a service's shadow; the engines must run."""
    parser = _parser("replay")
    parser.add_argument("service", choices=SERVICES)
    asked, rest = parser.parse_known_args(words)
    return System(asked.state).run_beside(asked.service, ["replay", *rest])


def down(words: Sequence[str]) -> int:
    """Stops exactly what was started."""
    system = System(_parser("down").parse_args(words).state)
    console = Console()
    start = time.monotonic()
    with console.status("stopping …"):
        system.stop()
    console.print(f"down in {time.monotonic() - start:.1f} s; the data stay in {system.root}")
    return 0


def status(words: Sequence[str]) -> int:
    """Says what runs and where, to a person or to a program."""
    parser = _parser("status")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args(words)
    system = System(asked.state)
    standings = system.standings()
    if asked.json:
        print(
            json.dumps(
                {"processes": [asdict(s) for s in standings], "addresses": system.addresses()}, indent=1
            )
        )
    else:
        _print(Console(), standings)
        tell_of_supervisor(system)
    return 0


def tell_of_supervisor(system: System) -> None:
    """Says that the supervisor ended by itself, and why; nothing when it did not."""
    if system.gave_up.exists():
        say(
            f"{tail(system.supervisor.log)}\nThe supervisor gave up: what ends now stays down until `make up`."
        )


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m stack {verb}")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the folder that holds everything")
    return parser


def _print(console: Console, standings: Sequence[Standing]) -> None:
    table = Table("process", Column("address", overflow="fold"), "pid", box=None, header_style="bold")
    for standing in standings:
        pid = str(standing.pid) if standing.pid else "[red]not running[/red]"
        table.add_row(standing.name, standing.address, pid)
    console.print(table)
