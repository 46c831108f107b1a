"""Faults of processes: kill -9 at crash points and at random times, zombies, slow processes, clock skew, member churn."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.faults.context import FaultContext
from bench.faults.monitor import SUBSCRIPTIONS
from contracts.permissions import SERVICES
from stack.processes import Child

UNIT_OF_WORK = ("turn.inbox", "turn.state", "turn.open")
RELAY = ("relay.swept", "relay.sent", "relay.marked")
DELIVERY = ("delivery.fetched", "delivery.committed", "delivery.offsets")
POINTS: Mapping[str, tuple[str, ...]] = {
    "intake": ("command.accepted", *UNIT_OF_WORK, "command.committed", *RELAY, *DELIVERY),
    "routing": (*UNIT_OF_WORK, *RELAY, *DELIVERY),
    "subsidies": (*UNIT_OF_WORK, *RELAY, *DELIVERY, "command.committed"),
    "notify": (*UNIT_OF_WORK, *RELAY, *DELIVERY, "job.started", "job.done"),
}
CRASH_CASES = tuple((service, point) for service, points in POINTS.items() for point in points)
SESSION_SECONDS = 15.0
# The text of recorded results, by which recoveries are told apart.
WITH_SUCCESSOR = "with a heir"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# Contributions are few, so subsidies commits and publishes little.
PASS_SECONDS = 20.0


def crash_at_point(context: FaultContext) -> None:
    """F1: a service kills itself on the nth pass of a crash point; every service and point in turn."""
    while not _crash(context) and not context.over.is_set():
        continue  # it did not pass the point in time and was killed elsewhere: try the next one


def _crash(context: FaultContext) -> bool:
    cells = context.notes.setdefault("cells", [])
    if not cells:
        cells.extend(context.rng.sample(CRASH_CASES, len(CRASH_CASES)))
    service, point = cells.pop()
    nth = context.rng.choice((1, 1, 2, 5))
    environment, child = context.environment, context.environment.service(service)
    environment.restart_with(service, 0, {f"{service.upper()}_CRASH_AT": f"{point}:{nth}"})
    armed, end = child.pid(), time.monotonic() + PASS_SECONDS
    while child.pid() == armed and time.monotonic() < end:
        time.sleep(0.05)
    passed = child.pid() != armed
    if not passed:
        environment.kill(service)
    with context.fault(
        "F1" if passed else "F2", f"kill -9 of {service} at {point}:{nth}" + _not(passed)
    ) as fault:
        fault.heal()
        environment.wait_all()
    return passed


def _not(passed: bool) -> str:
    return "" if passed else " (not passed in time; killed elsewhere)"


def kill_at_random(context: FaultContext) -> None:
    """F2: kill -9 of a random service; one that is timed, or five at Poisson intervals of three seconds on average."""
    for _ in range(1 if context.calm else 5):
        replica = context.rng.choice(sorted(context.environment.specs))
        with context.fault("F2", f"kill -9 of {replica[0]}-{replica[1]}") as fault:
            context.environment.kill(*replica)
            fault.heal()
            if context.calm:
                time.sleep(0.3)
                context.environment.wait_all()
        context.pause(0 if context.calm else context.rng.expovariate(1 / 3))


def make_zombie(context: FaultContext) -> None:
    """F3: a service is paused, usually for longer than its session, so that a successor takes over before it resumes."""
    service = context.rng.choice(("routing", "notify", "intake", "subsidies"))
    child = context.environment.service(service)
    # intake gets no successor: requests in flight would wait for the zombie
    if service == "intake" or context.rng.random() < 0.3:
        seconds = context.rng.uniform(2, 8)
        with context.fault("F3", f"SIGSTOP of {service}-0 for {seconds:.0f} s"):
            child.pause()
            time.sleep(seconds)
            child.resume()
        return
    context.environment.ensure(service, 1)
    context.environment.wait_all()
    with _frozen_for(child, SESSION_SECONDS + context.rng.uniform(2, 8)):
        child.pause()
        with context.fault("F3", f"SIGSTOP of {service}-0, {WITH_SUCCESSOR}"):
            pass  # the successor's takeover is what is timed
    _remove_successor(context, service)


def make_zombie_at_point(context: FaultContext) -> None:
    """F3: a service pauses itself at a crash point, a successor takes over, and the zombie resumes there."""
    service = context.rng.choice(("routing", "notify", "subsidies"))
    point = context.rng.choice((*UNIT_OF_WORK, *DELIVERY, "relay.swept", "relay.sent"))
    environment, child = context.environment, context.environment.service(service)
    words = ("-m", "bench.faults.sabotage", service, "--stop-at", f"{point}:{context.rng.randint(1, 3)}")
    environment.remove(service, 0, kill=True)
    environment.ensure(service, 0, words)
    end = time.monotonic() + PASS_SECONDS
    while not is_frozen(child.pid()) and time.monotonic() < end:
        time.sleep(0.02)
    where = point if is_frozen(child.pid()) else "no crash point, not passed in time"
    with _frozen_for(child, SESSION_SECONDS + 2):
        child.pause()
        with context.fault("F3", f"SIGSTOP of {service}-0 at {where}, {WITH_SUCCESSOR}"):
            environment.ensure(service, 1)
    environment.remove(service, 0)
    environment.ensure(service, 0)
    environment.wait_all()
    _remove_successor(context, service)


def _remove_successor(context: FaultContext, service: str) -> None:
    """Stop the successor; its partitions are unread until its session ends, which must not count for the next fault."""
    context.environment.remove(service, 1)
    context.settle()


@contextmanager
def _frozen_for(child: Child, seconds: float) -> Iterator[None]:
    """Keep a process paused for at least this long, then give it a second to act as a zombie."""
    end = time.monotonic() + seconds
    try:
        yield
        time.sleep(max(0.0, end - time.monotonic()))
    finally:
        child.resume()
    time.sleep(1.0)


def is_frozen(pid: int | None) -> bool:
    """Whether a process is stopped by a signal."""
    if pid is None:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] == "T"


def slow_down(context: FaultContext) -> None:
    """F12: a service gets a tenth of its processor time."""
    service = context.rng.choice(SERVICES)
    child, end = context.environment.service(service), time.monotonic() + context.rng.uniform(4, 10)
    with context.fault("F12", f"{service} gets a tenth of its processor time"):
        while time.monotonic() < end:
            child.pause()
            time.sleep(0.45)
            child.resume()
            time.sleep(0.05)


def storm_of_members(context: FaultContext) -> None:
    """F13: a second and a third replica of a service join and leave, one change every two seconds."""
    service = context.rng.choice([name for name in SERVICES if SUBSCRIPTIONS[name]])
    here: set[int] = set()
    for _ in range(context.rng.randint(4, 8)):
        ordinal = context.rng.choice((1, 2))
        if ordinal in here:
            context.environment.remove(service, ordinal, kill=context.rng.random() < 0.5)
            here.discard(ordinal)
        else:
            context.environment.ensure(service, ordinal)
            here.add(ordinal)
        what = f"{service}-{ordinal} {'joins' if ordinal in here else 'leaves'}"
        with context.fault("F13", what, timed=False):
            time.sleep(2.0)
    if not here:
        return
    with context.fault("F13", f"{service}: every replica but the first leaves", count=len(here)):
        for ordinal in here:
            context.environment.remove(service, ordinal)


def skew_clock(context: FaultContext) -> None:
    """F11: a service runs with a clock that is an hour off, then restarts with the right one."""
    if FAKETIME is None:
        context.skip("F11", "libfaketime is not installed (apt-get install libfaketime)")
        return
    service, hours = context.rng.choice(SERVICES), context.rng.choice((-1, 1))
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{hours:+d}h", "DONT_FAKE_MONOTONIC": "1"}
    with context.fault("F11", f"the clock of {service} is {hours:+d} h off") as fault:
        context.environment.restart_with(service, 0, fake)
        context.environment.wait_all()
        time.sleep(context.rng.uniform(3, 6))
        context.environment.kill(service)
        fault.heal()
        time.sleep(0.3)
        context.environment.wait_all()
