"""The step that loses the database, checks that alerts are mailed, and restores a backup."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from tests.compose import smoke
from tests.compose.commands import StepError, log_step, run
from tests.compose.deployment import PROJECT, Deployment
from tests.compose.steps import DeploymentTest

PUBLIC_SERVICES = ("gateway", "inbound", "intake", "routing", "subsidies", "notify")
# The alerts for stopped services, the lost database and the stopped broker.
ALERTS = {"ServiceDown", "MongoDown", "KafkaDown"}
MAIL_SECONDS = 240.0


def lose_and_restore(test: DeploymentTest) -> None:
    """Backs up under traffic, loses the database with its volume, waits for the alert mails, and restores the backup."""
    deployment, verification = test.deployment, test.verification
    with (
        verification.another_log() as log,
        test.clients.writing(log),
        test.clients.background_traffic() as counts,
    ):
        time.sleep(1)
        archive = archive_in(deployment.compose("run", "--rm", "--no-TTY", "backup"))
        time.sleep(1)
    log_step(f"backed up under traffic: {archive}; answers: {counts}")
    verification.forget_last()
    deployment.compose("stop", *PUBLIC_SERVICES, "kafka")
    deployment.compose("rm", "--stop", "--force", "mongo", "mongo-init")
    run(["docker", "volume", "rm", f"{PROJECT}_mongo"])
    log_step("services and Kafka stopped, MongoDB removed with its volume")
    _wait_for_mails(deployment)
    _restore(deployment, archive)
    test.healthy()
    smoke.check(deployment)
    test.verify("the restore")
    with test.clients.background_traffic():
        time.sleep(3)
    test.verify("traffic after the restore")
    test.result.restored = True


def _restore(deployment: Deployment, archive: str) -> None:
    began = time.monotonic()
    output = deployment.compose("run", "--rm", "--no-TTY", "restore", archive).splitlines()
    for line in (one for one in output if not one.startswith(" ")):
        log_step(f"  restore: {line}")
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"restored into a new volume, up after {time.monotonic() - began:.1f} s")


def archive_in(output: str) -> str:
    """The path of the archive in the output of a backup."""
    found = re.search(r"/backups/\S+\.backup", output)
    if found is None:
        raise StepError(f"the backup printed no archive: {output}")
    return found[0]


def _wait_for_mails(deployment: Deployment) -> None:
    """Waits for a mail about each alert; raises StepError with the missing ones."""
    began = time.monotonic()
    seen: dict[str, float] = {}
    mailed: set[str] = set()
    while ALERTS - (mailed & set(seen)):
        after = time.monotonic() - began
        for name in firing(httpx.get(f"{deployment.prometheus}/api/v1/alerts", timeout=15).json()):
            seen.setdefault(name, after)
        mailed = mails_about(_subjects(deployment), ALERTS)
        if after > MAIL_SECONDS:
            raise StepError(
                f"no mail about {', '.join(sorted(ALERTS - mailed))} in {after:.0f} s; firing: {seen}"
            )
        time.sleep(1)
    words = ", ".join(f"{name} after {seconds:.0f} s" for name, seconds in seen.items())
    log_step(f"{len(ALERTS)} alerts were mailed within {time.monotonic() - began:.0f} s; firing: {words}")


def firing(answer: Mapping[str, Any]) -> set[str]:
    """The names of the firing alerts in an answer of Prometheus."""
    return {str(one["labels"]["alertname"]) for one in answer["data"]["alerts"] if one["state"] == "firing"}


def mails_about(subjects: Iterable[str], wanted: set[str]) -> set[str]:
    """The alerts that have a mail."""
    return {name for name in wanted for subject in subjects if subject.startswith(f"[firing] {name} ")}


def _subjects(deployment: Deployment) -> list[str]:
    page = httpx.get(f"{deployment.mailbox}/api/v1/messages", params={"limit": 100}, timeout=15).json()
    return [str(row["Subject"]) for row in page["messages"]]
