"""Updates the services one after the other to the images that `.env` names, without downtime.

For each service it starts as many new replicas as there are old ones. When the new ones are healthy and the gateway has
resolved them, it stops the old ones, which finish their requests. New replicas that do not become healthy are removed and
the old ones stay. The container that takes mails has a port of the host to itself: it is replaced, and the mail server
delivers again what came meanwhile. Uses the standard library only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
# With the profile `mail`: it has the image of the service.
MAILS = {"intake": "inbound"}
# Topics, users and rights exist before the services that need them.
JOBS = ("provision", "mongo-init")
# The gateway resolves names every 2 s (deploy/gateway/nginx.conf) and must know the new replicas before the old ones stop.
FOUND_SECONDS = 3.0
STARTED = time.monotonic()


def log(text: str) -> None:
    """Prints a line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:6.1f} s  {text}\n")
    sys.stdout.flush()


class Deployment:
    """The deployment of this repository, through `docker compose`."""

    def compose(self, *words: str) -> str:
        """Runs a compose command and returns its output; raises SystemExit with its error."""
        done = subprocess.run(["docker", "compose", *words], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"roll: docker compose {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def replicas(self, service: str) -> set[str]:
        """The container ids of a service, running or not."""
        return set(self.compose("ps", "--all", "--quiet", service).split())

    def run_jobs(self) -> None:
        """Runs the one-shot jobs of the new version."""
        for job in JOBS:
            log(f"{job} …")
            self.compose("run", "--rm", "--no-deps", "--no-TTY", job)

    def roll(self, service: str) -> None:
        """Replaces all replicas of a service; raises SystemExit, and keeps the old ones, when the new ones fail."""
        old = self.replicas(service)
        if not old:
            raise SystemExit(f"roll: {service} does not run: start it with `docker compose up -d --wait`")
        log(f"{service}: {len(old)} new beside {len(old)} old …")
        beside = ["up", "--detach", "--wait", "--no-deps", "--no-recreate", "--no-build"]
        try:
            self.compose(*beside, "--scale", f"{service}={2 * len(old)}", service)
        except SystemExit:
            self.remove(self.replicas(service) - old)
            raise
        time.sleep(FOUND_SECONDS)
        self.remove(old)
        log(f"{service}: rolled")

    def replace_mails(self, service: str) -> None:
        """Replaces the container that takes mails with the image of a service, if this deployment has it."""
        name = MAILS.get(service, "")
        if name in self.compose("config", "--services").split() and self.replicas(name):
            log(f"{name}: replacing …")
            self.compose("up", "--detach", "--wait", "--no-deps", "--no-build", name)

    def remove(self, containers: set[str]) -> None:
        """Stops containers within their grace period, and removes them."""
        if containers:
            subprocess.run(["docker", "stop", *containers], check=True, capture_output=True)
            subprocess.run(["docker", "rm", *containers], check=True, capture_output=True)


def main() -> None:
    """Updates the given services, or all."""
    parser = argparse.ArgumentParser(prog="roll.py", description=__doc__)
    parser.add_argument(
        "services", nargs="*", metavar="SERVICE", help=f"one of {', '.join(SERVICES)}; default: all"
    )
    args = parser.parse_args()
    if unknown := set(args.services) - set(SERVICES):
        parser.error(f"unknown service {', '.join(sorted(unknown))}")
    deployment = Deployment()
    deployment.run_jobs()
    for service in args.services or SERVICES:
        deployment.roll(service)
        deployment.replace_mails(service)


if __name__ == "__main__":
    main()
