"""The verb `denials`: everybody tries what the permissions table does not grant, and the servers must say no."""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.connection import Connection
from contracts.permissions import SERVICES, WATCHER
from stack import denials_kafka, denials_mongo
from stack.onboarding import onboard
from stack.processes import say
from stack.system import System
from stack.tools import REPOSITORY
from stack.trials import Trial

STATE = REPOSITORY / ".state" / "denials"
TEAM = "invented-team"


def denials(words: Sequence[str]) -> int:
    """Tries it all on engines of its own and prints every answer; 1 when one is not as the table says."""
    parser = argparse.ArgumentParser(prog="python -m stack denials")
    parser.add_argument(
        "--state", type=Path, default=STATE, help="the folder that holds everything; it is emptied"
    )
    system = System(parser.parse_args(words).state)
    system.stop()
    shutil.rmtree(system.root, ignore_errors=True)
    try:
        say("starting engines …")
        system.start_engines()
        system.provision()
        found = list(trials(system))
    finally:
        system.stop()
    return report(found)


def trials(system: System) -> Iterator[Trial]:
    """Everything that is tried on running engines that are provisioned; topics get records by it."""
    yield from denials_kafka.trials(connections_of(system))
    everybody = denials_mongo.addresses_of(system.mongod.as_user)
    yield from denials_mongo.trials(everybody, system.mongod.address)


def connections_of(system: System) -> dict[str, Connection]:
    """How every service, the watcher and a team of others come to the broker."""
    teams = {TEAM: onboard(system, TEAM)}
    return {user: system.kafka.as_user(user) for user in (*SERVICES, WATCHER)} | teams


def report(found: Sequence[Trial]) -> int:
    """Prints every answer, what is wrong at the end, and the sum; 1 when something is wrong."""
    for one in found:
        print(_line(one))
    wrong = [one for one in found if not one.as_it_should_be]
    for one in wrong:
        say(f"{'REFUSED' if one.granted else 'A HOLE'}: {_line(one)}")
    tried = [one for one in found if not one.granted]
    granted = [one for one in found if one.granted]
    print(f"granted: {len(granted)} tried, {sum(one.as_it_should_be for one in granted)} allowed")
    print(f"denials: {len(tried)} tried, {sum(one.denied for one in tried)} denied", flush=True)
    return int(bool(wrong))


def _line(one: Trial) -> str:
    return f"{one.engine:<8}{one.user:<14}{one.deed:<42}{one.answer}"
