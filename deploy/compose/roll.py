"""Rolls the services to the images that `.env` names, one after another, while people use them.

Beside the replicas of a service as many new ones come up; when they are healthy and the gateway has found them, the old
ones are told to end: they close their doors, finish what is in hand, and go. When new ones do not become healthy they
are taken away again and the old ones stay. Standard library only, for whoever runs the deployment.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
# Topics, users and rights are there before whoever needs them.
JOBS = ("provision", "mongo-init")
# The gateway asks for names every 2 s (deploy/gateway/nginx.conf) and has to know the new ones before the old ones go.
FOUND_SECONDS = 3.0
STARTED = time.monotonic()


def say(text: str) -> None:
    """Writes one line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:6.1f} s  {text}\n")
    sys.stdout.flush()


class Deployment:
    """The deployment of this folder, as `docker compose` sees it."""

    def compose(self, *words: str) -> str:
        """What a compose command prints; raises SystemExit with what it complained about when it fails."""
        done = subprocess.run(["docker", "compose", *words], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"roll: docker compose {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def replicas(self, service: str) -> set[str]:
        """The containers of a service, whether they run or not."""
        return set(self.compose("ps", "--all", "--quiet", service).split())

    def run_jobs(self) -> None:
        """Runs the one-shot jobs of the new version."""
        for job in JOBS:
            say(f"{job} …")
            self.compose("run", "--rm", "--no-deps", "--no-TTY", job)

    def roll(self, service: str) -> None:
        """Exchanges all replicas of a service; raises SystemExit, with the old ones in place, when that fails."""
        old = self.replicas(service)
        if not old:
            raise SystemExit(f"roll: {service} does not run: start it with `docker compose up -d --wait`")
        say(f"{service}: {len(old)} new beside {len(old)} old …")
        beside = ["up", "--detach", "--wait", "--no-deps", "--no-recreate", "--no-build"]
        try:
            self.compose(*beside, "--scale", f"{service}={2 * len(old)}", service)
        except SystemExit:
            self.remove(self.replicas(service) - old)
            raise
        time.sleep(FOUND_SECONDS)
        self.remove(old)
        say(f"{service}: rolled")

    def remove(self, containers: set[str]) -> None:
        """Lets containers finish what is in hand within their grace period, and takes them away."""
        if containers:
            subprocess.run(["docker", "stop", *containers], check=True, capture_output=True)
            subprocess.run(["docker", "rm", *containers], check=True, capture_output=True)


def main() -> None:
    """Rolls what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="roll.py", description=__doc__)
    parser.add_argument(
        "services", nargs="*", metavar="SERVICE", help=f"of {', '.join(SERVICES)}; all when none"
    )
    args = parser.parse_args()
    if unknown := set(args.services) - set(SERVICES):
        parser.error(f"there is no service {', '.join(sorted(unknown))}")
    deployment = Deployment()
    deployment.run_jobs()
    for service in args.services or SERVICES:
        deployment.roll(service)


if __name__ == "__main__":
    main()
