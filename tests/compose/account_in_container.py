"""Builds the account in a container on the internal network, and prints it as a JSON object.

It reads the client logs and the mails from folders, and the databases and topics as administrator.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from contracts.connection import Connection, mongo_address
from contracts.permissions import ADMIN, MONGO
from stack.account import build_account, unfinished
from stack.account_sources import Sources
from stack.account_world import LoggedRequest
from stack.play import read_log

SECRETS = Path("/run/secrets")
TICK = 0.5


def main() -> None:
    """Waits until no work is outstanding if --wait is given, else builds the account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, nargs="+", required=True)
    parser.add_argument("--mails", type=Path, required=True)
    parser.add_argument("--since", type=float, required=True)
    parser.add_argument("--members", required=True, help="all mongod, host:port by commas")
    parser.add_argument("--kafka", required=True, help="all brokers, host:port by commas")
    parser.add_argument("--ca", default="", help="PEM file of the CA to trust, if the engines use TLS")
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds without progress after which to give up"
    )
    args = parser.parse_args()
    mongo, kafka = ((SECRETS / name).read_text().strip() for name in ("mongo_admin", "admin_kafka_password"))
    address = f"mongodb://{ADMIN}:{mongo}@{args.members}/?authSource={MONGO[ADMIN].database}&replicaSet=rs0"
    sources = Sources(
        mongo_address(address, ca=args.ca),
        Connection(args.kafka, ADMIN, kafka, args.ca),
        args.mails,
        args.since,
    )
    found = wait(sources, args) if args.wait else account(sources, args)
    json.dump(found, sys.stdout)


def read_logs(paths: Sequence[Path]) -> list[LoggedRequest]:
    """All lines of all logs."""
    return [request for path in paths for request in read_log(path)]


def wait(sources: Sources, args: argparse.Namespace) -> dict[str, object]:
    """The outstanding work when there is none, or after `--wait` seconds without progress."""
    log = read_logs(args.logs)
    left = unfinished(sources.read_stores(log))
    end = time.monotonic() + args.wait
    while left and time.monotonic() < end:
        time.sleep(TICK)
        before, left = left, unfinished(sources.read_stores(log))
        if left != before:
            end = time.monotonic() + args.wait
    return {"unfinished": left}


def account(sources: Sources, args: argparse.Namespace) -> dict[str, object]:
    """The counts of the account, and all violations."""
    built = build_account(sources.read_all(read_logs(args.logs)))
    return {
        "accepted": built.accepted,
        "cases": built.cases.total(),
        "decisions": built.decisions.total(),
        "messages": built.messages.total(),
        "mails": built.mails,
        "copies": built.copies,
        "violations": [[one.report_id, one.text] for one in built.violations],
    }


if __name__ == "__main__":
    main()
