"""Asks a service's ops API inside the deployment: `make ops SERVICE=routing ASK="list"`.

Standard library only. The API is closed to the world, so the command line runs in a container of its own beside the
services. The secret of a client that has the role ops goes there by standard input and is kept nowhere.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")


def secret_of(client: str, file: str) -> str:
    """The client's secret: the file's, or the one that the development issuer knows."""
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    known = ROOT / "secrets" / "issuer_clients"
    try:
        return str(json.loads(known.read_text(encoding="utf-8"))[client]["secret"])
    except (OSError, KeyError) as error:
        raise SystemExit(f"ops: no secret of {client} in {known}: name a file, OPS_SECRET=…") from error


def command(service: str, client: str, words: list[str]) -> list[str]:
    """The command that runs the service `ops` of deploy/compose/tools.yml, which knows the issuer."""
    who = ["--url", f"http://{service}:8080", "--client", client, "--client-secret", "/dev/stdin"]
    return ["docker", "compose", "run", "--rm", "--no-deps", "-T", "ops", *who, *words]


def main() -> int:
    """Asks one question; the answer and the exit status are those of `ops.admin`."""
    parser = argparse.ArgumentParser(prog="ops.py", description=__doc__)
    parser.add_argument("--client", default="ascolto-ops", help="of the issuer, with the role ops")
    parser.add_argument("--secret", default="", help="file with its secret")
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("ask", help="the words for python -m ops.admin, such as `list --limit 500`")
    asked = parser.parse_args()
    run = command(asked.service, asked.client, shlex.split(asked.ask))
    return subprocess.run(run, input=secret_of(asked.client, asked.secret), text=True, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
