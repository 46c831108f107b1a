"""The trial on three of each engine over TLS: one of each is lost for a day, and comes back."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx
from tests.compose import steps
from tests.compose.commands import ROOT, StepError, log_step, run
from tests.compose.deployment import FILES, Deployment
from tests.compose.steps import DeploymentTest

EACH = 3
OVER_TLS = (*FILES, "deploy/compose/tls.yml")
CERTIFICATES = ROOT / "deploy" / "compose" / "certificates.py"
# Those that founded the quorum and the set: everybody's first address, and the one that takes the writes.
LOST = ("kafka", "mongo")
ALERT = "CopiesMissing"
SEEN_SECONDS = 120.0


def enlarge(deployment: Deployment) -> None:
    """Decides for three of each engine in `.env`, and makes what they show one another."""
    profiles = f"{deployment.value('COMPOSE_PROFILES')},ha"
    deployment.put({"COMPOSE_PROFILES": profiles, "ASCOLTO_REPLICAS": str(EACH)})
    run([sys.executable, CERTIFICATES, "--folder", deployment.secrets])


def lose_one_of_each(test: DeploymentTest) -> None:
    """A broker and a mongod die under traffic, a day is played without them, and `up` brings them back."""
    deployment, names = test.deployment, " and ".join(LOST)
    with test.people.passing_by() as tally:
        time.sleep(1)
        began = time.monotonic()
        run(["docker", "kill", *(one for name in LOST for one in deployment.containers(name))])
        _wait_seen(deployment, there=EACH - 1, alert="pending")
    log_step(
        f"{names} died and were missed after {time.monotonic() - began:.1f} s; answers meanwhile: {tally}"
    )
    tally.must_be_fair(f"while {names} were away")
    steps.play(test, "the day without them", crashed=True)
    began = time.monotonic()
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"up again after {time.monotonic() - began:.1f} s")
    test.healthy()
    _wait_seen(deployment, there=EACH, alert="inactive")
    log_step(f"nothing is missing after {time.monotonic() - began:.1f} s")
    test.result.back = EACH
    _begin_again(test)


def _begin_again(test: DeploymentTest) -> None:
    """Everything ends and begins again with its data: then nobody is there for the others to join."""
    deployment = test.deployment
    test.verification.collect_mails()
    began = time.monotonic()
    deployment.down()
    log_step(f"down in {time.monotonic() - began:.1f} s, with its volumes kept")
    began = time.monotonic()
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"up with its data in {time.monotonic() - began:.1f} s")
    _wait_seen(deployment, there=EACH, alert="inactive")
    with test.people.passing_by():
        time.sleep(3)
    test.verify("the second beginning")


def _wait_seen(deployment: Deployment, there: int, alert: str) -> None:
    """Returns when Prometheus sees so many of each and the alert in this state; raises Trouble with what it sees instead."""
    end = time.monotonic() + SEEN_SECONDS
    while (seen := _seen(deployment)) != (there, there, alert):
        if time.monotonic() > end:
            raise StepError(
                f"there are {seen[0]} brokers and {seen[1]} mongod instead of {there}, and {ALERT} is {seen[2]}"
            )
        time.sleep(1)


def _seen(deployment: Deployment) -> tuple[int, int, str]:
    """How many brokers and mongod there are, and whether something is missing, by the word of Prometheus."""
    with httpx.Client(base_url=f"{deployment.prometheus}/api/v1", timeout=15) as client:
        brokers, members = (
            figure(client.get("/query", params={"query": f"max({name})"}).json())
            for name in ("kafka_brokers", "mongodb_members_up")
        )
        return brokers, members, state(client.get("/rules", params={"type": "alert"}).json(), ALERT)


def figure(said: Mapping[str, Any]) -> int:
    """The one value in what Prometheus says; 0 where it says none."""
    return int(said["data"]["result"][0]["value"][1]) if said["data"]["result"] else 0


def state(said: Mapping[str, Any], alert: str) -> str:
    """The state of an alert in what Prometheus says: inactive, pending, or firing."""
    rules = (rule for group in said["data"]["groups"] for rule in group["rules"])
    return next(str(rule["state"]) for rule in rules if rule["name"] == alert)
