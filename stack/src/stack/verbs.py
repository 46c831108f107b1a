"""The verbs up, down, status and replay."""

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
    """Starts all processes that do not run, and prints their addresses."""
    parser = _parser("up")
    parser.add_argument(
        "--engines-only", action="store_true", help="start Kafka, MongoDB and the mailbox only"
    )
    parser.add_argument("--supervise", action="store_true", help="restart processes that terminate")
    args = parser.parse_args(words)
    if args.engines_only and args.supervise:
        parser.error("--supervise needs the whole system: omit --engines-only")
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
    if not args.engines_only:
        console.print(f" pages    {system.public_url}", soft_wrap=True)
    return 0


def replay(words: Sequence[str]) -> int:
    """Replays the topics of a service into a shadow database; the engines must run."""
    parser = _parser("replay")
    parser.add_argument("service", choices=SERVICES)
    args, rest = parser.parse_known_args(words)
    return System(args.state).run_beside(args.service, ["replay", *rest])


def down(words: Sequence[str]) -> int:
    """Stops the processes of the state folder."""
    system = System(_parser("down").parse_args(words).state)
    console = Console()
    start = time.monotonic()
    with console.status("stopping …"):
        system.stop()
    console.print(f"down in {time.monotonic() - start:.1f} s; data kept in {system.root}")
    return 0


def status(words: Sequence[str]) -> int:
    """Prints the status and address of every process, as a table or as JSON."""
    parser = _parser("status")
    parser.add_argument("--json", action="store_true", help="print JSON")
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
    """Prints the reason for which the supervisor gave up, if it did."""
    if system.failure_file.exists():
        print_stderr(
            f"{tail(system.supervisor.log)}\nThe supervisor gave up: terminated processes are not restarted until `make up`."
        )


def _parser(verb: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m stack {verb}")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
    return parser


def _print(console: Console, statuses: Sequence[ProcessStatus]) -> None:
    table = Table("process", Column("address", overflow="fold"), "pid", box=None, header_style="bold")
    for process in statuses:
        pid = str(process.pid) if process.pid else "[red]not running[/red]"
        table.add_row(process.name, process.address, pid)
    console.print(table)
