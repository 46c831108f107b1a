"""The steps that scale and update the deployment under traffic."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable

import httpx
from tests.compose.commands import ROOT, StepError, log_step, run
from tests.compose.deployment import FIRST, OURS, PROJECT, SECOND, Deployment
from tests.compose.images import CLASSIC
from tests.compose.steps import DeploymentTest

from contracts.permissions import SERVICES

ROLL = ROOT / "deploy" / "compose" / "roll.py"
MAILS = "inbound"
BROKEN = "trial-broken"
FOUND_SECONDS = 4.0
REQUESTS = 40


def scale(test: DeploymentTest) -> None:
    """Scales routing to three and intake to two, checks that the gateway uses all replicas, and scales routing back to one."""
    deployment = test.deployment
    with test.clients.background_traffic() as counts:
        _scale(deployment, routing=3, intake=2)
        time.sleep(FOUND_SECONDS)
        since = time.time()
        with httpx.Client(base_url=deployment.url, timeout=15) as client:
            for _ in range(REQUESTS):
                client.get("/lavoro/accesso")
                client.get("/segnala")
        for service in ("routing", "intake"):
            _must_share(deployment, service, since)
        _scale(deployment, routing=1, intake=2)
        time.sleep(FOUND_SECONDS)
    log_step(f"  answers: {counts}")
    counts.require_no_failures("during scaling")
    test.healthy()
    test.verify("scaling")


def _scale(deployment: Deployment, **wanted: int) -> None:
    began = time.monotonic()
    numbers = [word for name, count in wanted.items() for word in ("--scale", f"{name}={count}")]
    deployment.compose(
        "up", "--detach", "--wait", "--no-deps", "--no-recreate", "--no-build", *numbers, *wanted
    )
    for name, count in wanted.items():
        found = len(deployment.containers(name))
        if found != count:
            raise StepError(f"{name} has {found} replicas instead of {count}")
    words = ", ".join(f"{name} {count}" for name, count in wanted.items())
    log_step(f"scaled to {words} in {time.monotonic() - began:.1f} s")


def _must_share(deployment: Deployment, service: str, since: float) -> None:
    """Raises StepError unless the gateway sent requests to every replica."""
    addresses = {
        deployment.inspect(name)["NetworkSettings"]["Networks"][f"{PROJECT}_served"]["IPAddress"]
        for name in deployment.containers(service)
    }
    (gateway,) = deployment.containers("gateway")
    asked = answered_by(run(["docker", "logs", "--since", str(since), gateway]).splitlines(), service)
    if addresses - asked:
        raise StepError(
            f"the gateway sent no request to {len(addresses - asked)} of {len(addresses)} replicas of {service}"
        )
    log_step(f"the gateway distributes the requests of {service} over {len(addresses)} replicas")


def answered_by(lines: Iterable[str], service: str) -> set[str]:
    """The upstream addresses of a service in the gateway's log."""
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    tried = (row["tried"] for row in rows if row["service"] == service)
    return {one.strip().partition(":")[0] for text in tried for one in text.split(",")}


def roll(test: DeploymentTest) -> None:
    """Updates every service to a new build under traffic with `make roll`, and checks that a broken build is removed."""
    deployment = test.deployment
    for name in OURS:
        _build_again(name, SECOND, "LABEL org.ascolto.build=second")
    _build_again("notify", BROKEN, 'ENTRYPOINT ["false"]')
    with test.clients.background_traffic() as counts:
        deployment.put({"ASCOLTO_VERSION": SECOND})
        _run_roll(deployment)
        time.sleep(FOUND_SECONDS)
    test.result.failed += len(counts.failed)
    log_step(f"  answers: {counts}")
    for text in counts.failed[:10]:
        log_step(f"  {text}")
    _must_run(deployment, SECOND)
    _refuse_broken(deployment)
    test.healthy()
    test.verify("the updates")


def _build_again(name: str, tag: str, instruction: str) -> None:
    text = f"FROM ascolto/{name}:{FIRST}\n{instruction}\n"
    run(
        ["docker", "build", "--quiet", "--tag", f"ascolto/{name}:{tag}", "-"],
        stdin=text.encode(),
        env=CLASSIC,
    )


def _run_roll(deployment: Deployment, *services: str) -> None:
    with subprocess.Popen(
        [sys.executable, ROLL, *services],
        env=deployment.environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as rolling:
        for line in rolling.stdout or ():
            log_step(f"  roll: {line.strip()}")
        errors = rolling.stderr.read() if rolling.stderr else ""
    if rolling.returncode != 0:
        raise StepError(errors.strip())


def _must_run(deployment: Deployment, tag: str) -> None:
    images = {name: name for name in SERVICES} | {MAILS: "intake"}
    for name, image in images.items():
        for container in deployment.containers(name):
            found = deployment.inspect(container)["Config"]["Image"]
            if found != f"ascolto/{image}:{tag}":
                raise StepError(f"{container} of {name} still runs {found}")


def _refuse_broken(deployment: Deployment) -> None:
    before = deployment.containers("notify")
    deployment.put({"ASCOLTO_VERSION": BROKEN})
    try:
        _run_roll(deployment, "notify")
    except StepError:
        log_step("a broken build was removed, and the old one stayed")
    else:
        raise StepError("a broken build was rolled out")
    finally:
        deployment.put({"ASCOLTO_VERSION": SECOND})
    if deployment.containers("notify") != before:
        raise StepError("a broken build left containers behind")
