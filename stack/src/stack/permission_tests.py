"""The verb `permissions`: every user attempts every action; the engines must allow exactly what the permissions table grants."""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.connection import Connection
from contracts.permissions import SERVICES, WATCHER
from stack import permission_tests_kafka, permission_tests_mongo
from stack.onboarding import onboard
from stack.permission_attempts import Attempt
from stack.processes import print_stderr
from stack.system import System
from stack.tools import REPOSITORY

STATE = REPOSITORY / ".state" / "permissions"
TEAM = "invented-team"


def permissions(words: Sequence[str]) -> int:
    """Runs all attempts on engines of its own and prints every answer; 1 when an answer differs from the table."""
    parser = argparse.ArgumentParser(prog="python -m stack permissions")
    parser.add_argument("--state", type=Path, default=STATE, help="the state folder; it is emptied")
    system = System(parser.parse_args(words).state)
    system.stop()
    shutil.rmtree(system.root, ignore_errors=True)
    try:
        print_stderr("starting engines …")
        system.start_engines()
        system.provision()
        found = list(attempts(system))
    finally:
        system.stop()
    return report(found)


def attempts(system: System) -> Iterator[Attempt]:
    """All attempts on running, provisioned engines; they write records to the topics."""
    yield from permission_tests_kafka.attempts(connections_of(system))
    addresses = permission_tests_mongo.addresses_of(system.mongod.as_user)
    yield from permission_tests_mongo.attempts(addresses, system.mongod.address)


def connections_of(system: System) -> dict[str, Connection]:
    """The connections of the services, the watcher and another team to the broker."""
    teams = {TEAM: onboard(system, TEAM)}
    return {user: system.kafka.as_user(user) for user in (*SERVICES, WATCHER)} | teams


def report(found: Sequence[Attempt]) -> int:
    """Prints every answer, then the wrong ones and the totals; 1 when an answer is wrong."""
    for one in found:
        print(_line(one))
    wrong = [one for one in found if not one.as_expected]
    for one in wrong:
        print_stderr(f"{'REFUSED' if one.granted else 'A HOLE'}: {_line(one)}")
    tried = [one for one in found if not one.granted]
    granted = [one for one in found if one.granted]
    print(f"granted: {len(granted)} tried, {sum(one.as_expected for one in granted)} allowed")
    print(f"denials: {len(tried)} tried, {sum(one.denied for one in tried)} denied", flush=True)
    return int(bool(wrong))


def _line(one: Attempt) -> str:
    return f"{one.engine:<8}{one.user:<14}{one.action:<42}{one.answer}"
