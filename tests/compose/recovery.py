"""The step in which everything that keeps something is lost: it is told by mail, and what was saved comes back."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from tests.compose import smoke
from tests.compose.commands import StepError, log_step, run
from tests.compose.deployment import PROJECT, Deployment
from tests.compose.steps import DeploymentTest

DOORS = ("gateway", "intake", "routing", "subsidies", "notify")
# What tells that they are away, that the database is lost, and that the broker stands still.
ALERTS = {"ServiceDown", "MongoDown", "KafkaDown"}
TOLD_SECONDS = 240.0


def lose_and_restore(test: DeploymentTest) -> None:
    """An archive taken under traffic; then the database is lost with its volume, ops is told, and what was saved comes back."""
    deployment, verification = test.deployment, test.verification
    with verification.another_log() as log, test.people.writing(log), test.people.passing_by() as tally:
        time.sleep(1)
        archive = archive_in(deployment.compose("run", "--rm", "--no-TTY", "backup"))
        time.sleep(1)
    log_step(f"saved under traffic: {archive}; answers meanwhile: {tally}")
    verification.forget_last()
    deployment.compose("stop", *DOORS, "kafka")
    deployment.compose("rm", "--stop", "--force", "mongo", "mongo-init")
    run(["docker", "volume", "rm", f"{PROJECT}_mongo"])
    log_step("the services and Kafka stand still, MongoDB is gone with its volume")
    _wait_told(deployment)
    _restore(deployment, archive)
    test.healthy()
    smoke.check(deployment)
    test.verify("the restore")
    with test.people.passing_by():
        time.sleep(3)
    test.verify("what came after the restore")
    test.result.restored = True


def _restore(deployment: Deployment, archive: str) -> None:
    began = time.monotonic()
    said = deployment.compose("run", "--rm", "--no-TTY", "restore", archive).splitlines()
    for line in (one for one in said if not one.startswith(" ")):
        log_step(f"  restore: {line}")
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"restored into a new volume and up again after {time.monotonic() - began:.1f} s")


def archive_in(said: str) -> str:
    """The path of the archive in what a backup printed."""
    found = re.search(r"/backups/\S+\.backup", said)
    if found is None:
        raise StepError(f"the backup named no archive: {said}")
    return found[0]


def _wait_told(deployment: Deployment) -> None:
    """Returns when a mail was caught about each alert; raises Trouble naming those that nobody told."""
    began = time.monotonic()
    seen: dict[str, float] = {}
    mailed: set[str] = set()
    while ALERTS - (mailed & set(seen)):
        after = time.monotonic() - began
        for name in firing(httpx.get(f"{deployment.prometheus}/api/v1/alerts", timeout=15).json()):
            seen.setdefault(name, after)
        mailed = mails_about(_subjects(deployment), ALERTS)
        if after > TOLD_SECONDS:
            raise StepError(
                f"no mail about {', '.join(sorted(ALERTS - mailed))} in {after:.0f} s; firing: {seen}"
            )
        time.sleep(1)
    words = ", ".join(f"{name} after {seconds:.0f} s" for name, seconds in seen.items())
    log_step(f"{len(ALERTS)} alerts were mailed within {time.monotonic() - began:.0f} s; firing: {words}")


def firing(said: Mapping[str, Any]) -> set[str]:
    """The names of the alerts that fire, in what Prometheus says."""
    return {str(one["labels"]["alertname"]) for one in said["data"]["alerts"] if one["state"] == "firing"}


def mails_about(subjects: Iterable[str], wanted: set[str]) -> set[str]:
    """The alerts that a mail tells."""
    return {name for name in wanted for subject in subjects if subject.startswith(f"[firing] {name} ")}


def _subjects(deployment: Deployment) -> list[str]:
    page = httpx.get(f"{deployment.mailbox}/api/v1/messages", params={"limit": 100}, timeout=15).json()
    return [str(row["Subject"]) for row in page["messages"]]
