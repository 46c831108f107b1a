"""The trial of the deployment, step by step; each step is a function of what the one before left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.compose import images, usable
from tests.compose.books import Balance, Books
from tests.compose.commands import ROOT, Trouble, run, say
from tests.compose.deployment import FIRST, LONG_RUNNING, OURS, WATCHING, Deployment
from tests.compose.traffic import People

UP_SECONDS = 90.0
DAY = 330


@dataclass
class Result:
    """What the last line is made of."""

    up_seconds: float = 0.0
    failed: int = 0
    restored: bool = False
    back: int = 0
    balances: list[Balance] = field(default_factory=list)

    def __str__(self) -> str:
        """The whole trial in one line."""
        last = self.balances[-1] if self.balances else Balance()
        if self.back:
            return (
                f"compose-ha: up in {self.up_seconds:.0f} s over TLS, {last.accepted} accepted, "
                f"{last.unaccounted} unaccounted, a broker and a mongod lost, {self.back} of 3 back"
            )
        return (
            f"compose: up in {self.up_seconds:.0f} s, {last.accepted} accepted, {last.unaccounted} unaccounted, "
            f"{self.failed} failed during rolls, restore {'ok' if self.restored else 'not tried'}"
        )


@dataclass
class Trial:
    """What the steps share."""

    deployment: Deployment
    people: People
    books: Books
    result: Result = field(default_factory=Result)

    def balance(self, after: str, *, crashed: bool = False) -> None:
        """Draws the account; raises Trouble when it does not add up. Only after a crash may mails lie there twice."""
        drawn = self.books.balance()
        before = self.result.balances[-1].doubled if self.result.balances else 0
        self.result.balances.append(drawn)
        say(f"after {after}: {drawn}")
        if drawn.violations:
            raise Trouble(f"after {after} the account does not add up: {len(drawn.violations)} times")
        if drawn.doubled > before and not crashed:
            raise Trouble(f"{drawn.doubled - before} mails were doubled and nothing had crashed")

    def healthy(self) -> None:
        """Raises Trouble unless Docker itself calls every container healthy soon."""
        end = time.monotonic() + 60
        while bad := self.deployment.unhealthy():
            if time.monotonic() > end:
                raise Trouble(f"not healthy: {'; '.join(bad)}")
            time.sleep(1)


def public_images(services: Mapping[str, Mapping[str, Any]], dockerfile: str) -> set[str]:
    """Every image that is not made here: those that services run, and those that ours begin with."""
    begun = (line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM "))
    run_as_they_are = {str(spec["image"]) for spec in services.values() if "build" not in spec}
    return run_as_they_are | {name for name in begun if ":" in name}


def build(deployment: Deployment) -> None:
    """Stand-ins for the public images, and our own images as they are."""
    services = deployment.config["services"]
    wanted = public_images(services, (ROOT / "Dockerfile").read_text())
    images.make(wanted)
    say("building our images")
    began = time.monotonic()
    # What all are made of is built once, and the others find it: side by side each would build its own.
    for names in (["provision"], [name for name, spec in services.items() if "build" in spec]):
        deployment.compose("build", "--quiet", *names, seconds=1800)
    say(f"built in {time.monotonic() - began:.1f} s")
    (base,) = (name for name in wanted if name.startswith("python:"))
    for name in OURS:
        whole = _megabytes(f"ascolto/{name}:{FIRST}")
        say(f"  ascolto/{name}: {whole:.0f} MB, {whole - _megabytes(base):.0f} of them ours")


def _megabytes(image: str) -> float:
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image])) / 1e6


def up(trial: Trial) -> None:
    """From nothing, on empty volumes, to usable."""
    say("up on empty volumes …")
    began = time.monotonic()
    trial.deployment.compose("up", "--detach", "--wait", "--no-build")
    trial.result.up_seconds = time.monotonic() - began
    say(f"up and healthy in {trial.result.up_seconds:.1f} s (goal: {UP_SECONDS:.0f} s)")
    trial.healthy()
    say(f"usable: {', '.join(usable.check(trial.deployment))}")


def play(trial: Trial, name: str = "the day", *, crashed: bool = False) -> None:
    """A day through the one origin."""
    began = time.monotonic()
    tally = trial.people.play_day(DAY)
    say(f"a day in {time.monotonic() - began:.1f} s; answers: {tally}")
    trial.balance(name, crashed=crashed)


def crash(trial: Trial) -> None:
    """Everything dies once, in turn, under light traffic, and comes back by itself; those who only watch die at once."""
    for names in (*((name,) for name in LONG_RUNNING if name not in WATCHING), WATCHING):
        containers = [one for name in names for one in trial.deployment.containers(name)]
        if "mailbox" in names:
            # It forgets when it ends: what it has is taken before, and it gets nothing more until it has died.
            trial.books.settle()
            trial.books.collect_mails()
            _die(trial.deployment, containers)
        # Whoever the issuer let in before it died is not known to it afterwards: staff stays away then.
        with trial.people.passing_by(staff="issuer" not in names) as tally:
            if "mailbox" not in names:
                time.sleep(0.5)
                _die(trial.deployment, containers)
            took = max(trial.deployment.wait_ready(container) for container in containers)
            time.sleep(1)
        say(f"{', '.join(names)} died and was back after {took:.1f} s; answers meanwhile: {tally}")
        if "gateway" not in names:
            tally.must_be_fair(f"while {', '.join(names)} was away")
    trial.healthy()
    trial.balance("the crashes", crashed=True)


def _die(deployment: Deployment, containers: list[str]) -> None:
    for container in containers:
        deployment.crash(container)
