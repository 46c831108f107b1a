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
from stack.processes import print_stderr, tail
from stack.state_folder import DEFAULT_STATE, ProcessStatus
from stack.system import System

ENGINES = ("kafka", "mongod", "mailbox")


def up(words: Sequence[str]) -> int:
    """Starts what does not run yet and prints where everything is."""
    parser = _parser("up")
    parser.add_argument(
        "--engines-only", action="store_true", help="Kafka, MongoDB and the mailbox, no services"
    )
    parser.add_argument("--supervise", action="store_true", help="go on starting again what ends")
    args = parser.parse_args(words)
    if args.engines_only and args.supervise:
        parser.error("--supervise goes with a whole system: leave --engines-only out")
    system = System(args.state)
    console = Console()
    start = time.monotonic()
    with console.status("starting …"):
        if args.engines_only:
            with system.locked():
                system.start_engines()
                system.start_mailbox()
        else:
            system.start(args.supervise)
    statuses = system.statuses()
    _print(console, [s for s in statuses if not args.engines_only or s.name in ENGINES])
    console.print(f"up in {time.monotonic() - start:.1f} s", highlight=False)
    console.print(f" mails    {system.mails}\n clients  {system.secrets.clients}", soft_wrap=True)
    return 0


def replay(words: Sequence[str]) -> int:
    """Replays what the topics remember into a service's shadow; the engines must run."""
    parser = _parser("replay")
    parser.add_argument("service", choices=SERVICES)
    args, rest = parser.parse_known_args(words)
    return System(args.state).run_beside(args.service, ["replay", *rest])


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
    args = parser.parse_args(words)
    system = System(args.state)
    statuses = system.statuses()
    if args.json:
        print(
            json.dumps(
                {"processes": [asdict(s) for s in statuses], "addresses": system.addresses()}, indent=1
            )
        )
    else:
        _print(Console(), statuses)
        print_supervisor_failure(system)
    return 0


def print_supervisor_failure(system: System) -> None:
    """Says that the supervisor ended by itself, and why; nothing when it did not."""
    if system.failure_file.exists():
        print_stderr(
            f"{tail(system.supervisor.log)}\nThe supervisor gave up: what ends now stays down until `make up`."
        )


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m stack {verb}")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the folder that holds everything")
    return parser


def _print(console: Console, statuses: Sequence[ProcessStatus]) -> None:
    table = Table("process", Column("address", overflow="fold"), "pid", box=None, header_style="bold")
    for process in statuses:
        pid = str(process.pid) if process.pid else "[red]not running[/red]"
        table.add_row(process.name, process.address, pid)
    console.print(table)
