"""The steps of the deployment test, in order; each takes the state that the former one left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.compose import images, smoke
from tests.compose.commands import ROOT, StepError, log_step, run
from tests.compose.deployment import FIRST, LONG_RUNNING, OURS, WATCHING, Deployment
from tests.compose.traffic import Clients
from tests.compose.verification import Summary, Verification

UP_SECONDS = 90.0
DAY = 330


@dataclass
class Result:
    """The result of a test."""

    up_seconds: float = 0.0
    failed: int = 0
    restored: bool = False
    back: int = 0
    summaries: list[Summary] = field(default_factory=list)

    def __str__(self) -> str:
        """The result in one line."""
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
    """The state that the steps share."""

    deployment: Deployment
    clients: Clients
    verification: Verification
    result: Result = field(default_factory=Result)

    def verify(self, after: str, *, crashed: bool = False) -> None:
        """Builds the account; raises StepError for a violation. Mails may be doubled only after a crash."""
        account = self.verification.verify()
        before = self.result.summaries[-1].doubled if self.result.summaries else 0
        self.result.summaries.append(account)
        log_step(f"after {after}: {account}")
        if account.violations:
            raise StepError(f"{len(account.violations)} violations after {after}")
        if account.doubled > before and not crashed:
            raise StepError(f"{account.doubled - before} mails were doubled without a crash")

    def healthy(self) -> None:
        """Waits until Docker reports every container as healthy; raises StepError after a minute."""
        end = time.monotonic() + 60
        while bad := self.deployment.unhealthy():
            if time.monotonic() > end:
                raise StepError(f"not healthy: {'; '.join(bad)}")
            time.sleep(1)


def public_images(services: Mapping[str, Mapping[str, Any]], dockerfile: str) -> set[str]:
    """Every image that is not built here: those of services, and the base images of the Dockerfile."""
    begun = (line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM "))
    run_as_they_are = {str(spec["image"]) for spec in services.values() if "build" not in spec}
    return run_as_they_are | {name for name in begun if ":" in name}


def build(deployment: Deployment) -> None:
    """Provides the public images, and builds our own."""
    services = deployment.config["services"]
    wanted = public_images(services, (ROOT / "Dockerfile").read_text())
    images.make(wanted)
    log_step("building our images")
    began = time.monotonic()
    # Builds the common stages first: built in parallel, each image would build its own copy.
    for names in (["provision"], [name for name, spec in services.items() if "build" in spec]):
        deployment.compose("build", "--quiet", *names, seconds=1800)
    log_step(f"built in {time.monotonic() - began:.1f} s")
    (base,) = (name for name in wanted if name.startswith("python:"))
    for name in OURS:
        whole = _megabytes(f"ascolto/{name}:{FIRST}")
        log_step(f"  ascolto/{name}: {whole:.0f} MB, {whole - _megabytes(base):.0f} MB above its base")


def _megabytes(image: str) -> float:
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image])) / 1e6


def up(test: DeploymentTest) -> None:
    """Starts the deployment on empty volumes and runs the smoke test."""
    log_step("starting on empty volumes …")
    began = time.monotonic()
    test.deployment.compose("up", "--detach", "--wait", "--no-build")
    test.result.up_seconds = time.monotonic() - began
    log_step(f"up and healthy in {test.result.up_seconds:.1f} s (goal: {UP_SECONDS:.0f} s)")
    test.healthy()
    log_step(f"smoke test passed: {', '.join(smoke.check(test.deployment))}")


def play(test: DeploymentTest, name: str = "the scenario", *, crashed: bool = False) -> None:
    """Runs a scenario through the public origin."""
    began = time.monotonic()
    counts = test.clients.run_scenario(DAY)
    log_step(f"scenario done in {time.monotonic() - began:.1f} s; answers: {counts}")
    test.verify(name, crashed=crashed)


def crash(test: DeploymentTest) -> None:
    """Kills every container in turn under light traffic and waits for its restart; the monitoring is killed at once."""
    for names in (*((name,) for name in LONG_RUNNING if name not in WATCHING), WATCHING):
        containers = [one for name in names for one in test.deployment.containers(name)]
        if "mailbox" in names:
            # The mailbox loses its mails when it ends: collect them first, and send nothing more until then.
            test.verification.wait_until_done()
            test.verification.collect_mails()
            _kill(test.deployment, containers)
        # The issuer forgets its logins, so there are no requests of staff while it is killed.
        with test.clients.background_traffic(staff="issuer" not in names) as counts:
            if "mailbox" not in names:
                time.sleep(0.5)
                _kill(test.deployment, containers)
            took = max(test.deployment.wait_ready(container) for container in containers)
            time.sleep(1)
        log_step(f"{', '.join(names)} killed and back after {took:.1f} s; answers: {counts}")
        if "gateway" not in names:
            counts.require_no_failures(f"while {', '.join(names)} was down")
    test.healthy()
    test.verify("the crashes", crashed=True)


def _kill(deployment: Deployment, containers: list[str]) -> None:
    for container in containers:
        deployment.crash(container)
