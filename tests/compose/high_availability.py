"""The test with three of each engine over TLS: one of each is killed, a scenario runs, and they return."""

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
# The founders of the quorum and of the set: the first bootstrap server and the primary.
LOST = ("kafka", "mongo")
ALERT = "ReplicasMissing"
SEEN_SECONDS = 120.0


def enlarge(deployment: Deployment) -> None:
    """Enables the profile `ha` in `.env`, and creates the certificates."""
    profiles = f"{deployment.value('COMPOSE_PROFILES')},ha"
    deployment.put({"COMPOSE_PROFILES": profiles, "ASCOLTO_REPLICAS": str(EACH)})
    run([sys.executable, CERTIFICATES, "--folder", deployment.secrets])


def lose_one_of_each(test: DeploymentTest) -> None:
    """Kills a broker and a mongod under traffic, runs a scenario without them, and restores them with `up`."""
    deployment, names = test.deployment, " and ".join(LOST)
    with test.clients.background_traffic() as counts:
        time.sleep(1)
        began = time.monotonic()
        run(["docker", "kill", *(one for name in LOST for one in deployment.containers(name))])
        _wait_for_state(deployment, there=EACH - 1, alert="pending")
    log_step(f"{names} were killed and reported after {time.monotonic() - began:.1f} s; answers: {counts}")
    counts.require_no_failures(f"while {names} were away")
    steps.play(test, "the scenario without them", crashed=True)
    began = time.monotonic()
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"up again after {time.monotonic() - began:.1f} s")
    test.healthy()
    _wait_for_state(deployment, there=EACH, alert="inactive")
    log_step(f"all replicas in sync after {time.monotonic() - began:.1f} s")
    test.result.back = EACH
    _restart(test)


def _restart(test: DeploymentTest) -> None:
    """Stops and starts the whole deployment with its data: no running member is there to join."""
    deployment = test.deployment
    test.verification.collect_mails()
    began = time.monotonic()
    deployment.down()
    log_step(f"down in {time.monotonic() - began:.1f} s, volumes kept")
    began = time.monotonic()
    deployment.compose("up", "--detach", "--wait", "--no-build")
    log_step(f"up with its data in {time.monotonic() - began:.1f} s")
    _wait_for_state(deployment, there=EACH, alert="inactive")
    with test.clients.background_traffic():
        time.sleep(3)
    test.verify("the restart")


def _wait_for_state(deployment: Deployment, there: int, alert: str) -> None:
    """Waits until Prometheus reports this number of each engine and this state of the alert; raises StepError otherwise."""
    end = time.monotonic() + SEEN_SECONDS
    while (current := _current_state(deployment)) != (there, there, alert):
        if time.monotonic() > end:
            raise StepError(
                f"there are {current[0]} brokers and {current[1]} mongod instead of {there}, and {ALERT} is {current[2]}"
            )
        time.sleep(1)


def _current_state(deployment: Deployment) -> tuple[int, int, str]:
    """The numbers of brokers and mongod and the state of the alert, from Prometheus."""
    with httpx.Client(base_url=f"{deployment.prometheus}/api/v1", timeout=15) as client:
        brokers, members = (
            figure(client.get("/query", params={"query": f"max({name})"}).json())
            for name in ("kafka_brokers", "mongodb_members_up")
        )
        return brokers, members, state(client.get("/rules", params={"type": "alert"}).json(), ALERT)


def figure(answer: Mapping[str, Any]) -> int:
    """The single value of a Prometheus answer; 0 when it has none."""
    return int(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else 0


def state(answer: Mapping[str, Any], alert: str) -> str:
    """The state of an alert in a Prometheus answer: inactive, pending, or firing."""
    rules = (rule for group in answer["data"]["groups"] for rule in group["rules"])
    return next(str(rule["state"]) for rule in rules if rule["name"] == alert)
