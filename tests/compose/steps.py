"""The trial of the deployment, step by step; each step is a function of what the one before left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.compose import images, smoke
from tests.compose.commands import ROOT, StepError, log_step, run
from tests.compose.deployment import FIRST, LONG_RUNNING, OURS, WATCHING, Deployment
from tests.compose.traffic import People
from tests.compose.verification import Summary, Verification

UP_SECONDS = 90.0
DAY = 330


@dataclass
class Result:
    """What the last line is made of."""

    up_seconds: float = 0.0
    failed: int = 0
    restored: bool = False
    back: int = 0
    summaries: list[Summary] = field(default_factory=list)

    def __str__(self) -> str:
        """The whole trial in one line."""
        last = self.summaries[-1] if self.summaries else Summary()
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
class DeploymentTest:
    """What the steps share."""

    deployment: Deployment
    people: People
    verification: Verification
    result: Result = field(default_factory=Result)

    def verify(self, after: str, *, crashed: bool = False) -> None:
        """Draws the account; raises Trouble when it does not add up. Only after a crash may mails lie there twice."""
        drawn = self.verification.verify()
        before = self.result.summaries[-1].doubled if self.result.summaries else 0
        self.result.summaries.append(drawn)
        log_step(f"after {after}: {drawn}")
        if drawn.violations:
            raise StepError(f"after {after} the account does not add up: {len(drawn.violations)} times")
        if drawn.doubled > before and not crashed:
            raise StepError(f"{drawn.doubled - before} mails were doubled and nothing had crashed")

    def healthy(self) -> None:
        """Raises Trouble unless Docker itself calls every container healthy soon."""
        end = time.monotonic() + 60
        while bad := self.deployment.unhealthy():
            if time.monotonic() > end:
                raise StepError(f"not healthy: {'; '.join(bad)}")
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
    log_step("building our images")
    began = time.monotonic()
    # What all are made of is built once, and the others find it: side by side each would build its own.
    for names in (["provision"], [name for name, spec in services.items() if "build" in spec]):
        deployment.compose("build", "--quiet", *names, seconds=1800)
    log_step(f"built in {time.monotonic() - began:.1f} s")
    (base,) = (name for name in wanted if name.startswith("python:"))
    for name in OURS:
        whole = _megabytes(f"ascolto/{name}:{FIRST}")
        log_step(f"  ascolto/{name}: {whole:.0f} MB, {whole - _megabytes(base):.0f} of them ours")


def _megabytes(image: str) -> float:
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image])) / 1e6


def up(test: DeploymentTest) -> None:
    """From nothing, on empty volumes, to usable."""
    log_step("up on empty volumes …")
    began = time.monotonic()
    test.deployment.compose("up", "--detach", "--wait", "--no-build")
    test.result.up_seconds = time.monotonic() - began
    log_step(f"up and healthy in {test.result.up_seconds:.1f} s (goal: {UP_SECONDS:.0f} s)")
    test.healthy()
    log_step(f"usable: {', '.join(smoke.check(test.deployment))}")


def play(test: DeploymentTest, name: str = "the day", *, crashed: bool = False) -> None:
    """A day through the one origin."""
    began = time.monotonic()
    tally = test.people.play_day(DAY)
    log_step(f"a day in {time.monotonic() - began:.1f} s; answers: {tally}")
    test.verify(name, crashed=crashed)


def crash(test: DeploymentTest) -> None:
    """Everything dies once, in turn, under light traffic, and comes back by itself; those who only watch die at once."""
    for names in (*((name,) for name in LONG_RUNNING if name not in WATCHING), WATCHING):
        containers = [one for name in names for one in test.deployment.containers(name)]
        if "mailbox" in names:
            # It forgets when it ends: what it has is taken before, and it gets nothing more until it has died.
            test.verification.settle()
            test.verification.collect_mails()
            _die(test.deployment, containers)
        # Whoever the issuer let in before it died is not known to it afterwards: staff stays away then.
        with test.people.passing_by(staff="issuer" not in names) as tally:
            if "mailbox" not in names:
                time.sleep(0.5)
                _die(test.deployment, containers)
            took = max(test.deployment.wait_ready(container) for container in containers)
            time.sleep(1)
        log_step(f"{', '.join(names)} died and was back after {took:.1f} s; answers meanwhile: {tally}")
        if "gateway" not in names:
            tally.must_be_fair(f"while {', '.join(names)} was away")
    test.healthy()
    test.verify("the crashes", crashed=True)


def _die(deployment: Deployment, containers: list[str]) -> None:
    for container in containers:
        deployment.crash(container)
