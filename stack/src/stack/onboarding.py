"""The verb `subscriber`: it creates a user with its rights and settings for another team; repeating it changes nothing."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.connection import MECHANISM, Connection
from contracts.permissions import group_prefix, team_name
from stack.files import write_atomically
from stack.processes import StackError
from stack.state_folder import DEFAULT_STATE
from stack.system import System
from stack.tools import REPOSITORY, base_environment


def subscriber(words: Sequence[str]) -> int:
    """Creates the user and prints its settings; raises StackError when the broker does not run."""
    parser = argparse.ArgumentParser(prog="python -m stack subscriber")
    parser.add_argument("name", metavar="NAME", help="name of the team")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
    args = parser.parse_args(words)
    system = System(args.state)
    name = _checked(args.name)
    if not system.kafka.child.alive():
        raise StackError("Kafka does not run: run `make up`.")
    connection = onboard(system, name)
    file = _file(system, name)
    lines = {
        "bootstrap": connection.servers,
        "protocol": connection.protocol,
        "mechanism": MECHANISM,
        "user": connection.user,
        "password": f"in {file}, with the rest: `set -a; . {file}`",
        "group prefix": group_prefix(name),
    } | ({"CA": connection.ca} if connection.ca else {})
    for label, value in lines.items():
        print(f"{label:<13} {value}")
    return 0


def onboard(system: System, team: str) -> Connection:
    """Creates the user and rights of a team, writes its settings to a file, and returns its connection."""
    name, kafka = _checked(team), system.kafka
    connection = kafka.as_user(name)
    variables = {
        "ASCOLTO_KAFKA": kafka.address,
        "ASCOLTO_KAFKA_CA": connection.ca,
        "ASCOLTO_SECRETS": str(kafka.passwords.folder),
        "ASCOLTO_SUBSCRIBER_PASSWORD": connection.password,
    }
    command = [sys.executable, "-m", "ops.provision", "subscriber", name]
    done = subprocess.run(
        command, env=base_environment() | variables, cwd=REPOSITORY, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise StackError(f"The user {name} could not be created: {(done.stderr or done.stdout).strip()}")
    settings = environment_of(connection)
    write_atomically(
        _file(system, name), "".join(f"{key}={value}\n" for key, value in settings.items()), 0o600
    )
    return connection


def environment_of(connection: Connection) -> dict[str, str]:
    """The environment variables of a connection, as the subscribers of the guide read them."""
    settings = {
        "KAFKA": connection.servers,
        "KAFKA_PROTOCOL": connection.protocol,
        "KAFKA_MECHANISM": MECHANISM,
        "KAFKA_USER": connection.user,
        "KAFKA_PASSWORD": connection.password,
        "GROUP": group_prefix(connection.user),
    }
    return settings | ({"KAFKA_CA": connection.ca} if connection.ca else {})


def _file(system: System, team: str) -> Path:
    return system.root / "subscribers" / f"{team}.env"


def _checked(name: str) -> str:
    try:
        return team_name(name)
    except ValueError as error:
        raise StackError(f"{error}.") from error
