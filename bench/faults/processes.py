"""Faults of processes: kill -9 at named points and at any time, zombies, slow ones, clocks, storms of members."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.faults.ground import Ground
from bench.faults.watch import HEARD
from contracts.permissions import SERVICES
from stack.processes import Child

TURN = ("turn.inbox", "turn.state", "turn.open")
RELAY = ("relay.swept", "relay.sent", "relay.cleared")
DELIVERY = ("delivery.fetched", "delivery.committed", "delivery.offsets")
POINTS: Mapping[str, tuple[str, ...]] = {
    "intake": ("command.accepted", *TURN, "command.committed", *RELAY, *DELIVERY),
    "routing": (*TURN, *RELAY, *DELIVERY),
    "subsidies": (*TURN, *RELAY, *DELIVERY, "command.committed"),
    "notify": (*TURN, *RELAY, *DELIVERY, "job.started", "job.done"),
}
CELLS = tuple((service, point) for service, points in POINTS.items() for point in points)
SESSION_SECONDS = 15.0
HEIR = "with a heir"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# Contributions are few, and so is what subsidies commits and says.
PASS_SECONDS = 20.0


def crash_at_point(ground: Ground) -> None:
    """F1: a service kills itself where it is told to, the nth time it passes there; every cell in its turn."""
    while not _crash(ground) and not ground.over.is_set():
        continue  # it had nothing to do there for a while, was killed somewhere else, and the next cell is tried


def _crash(ground: Ground) -> bool:
    cells = ground.notes.setdefault("cells", [])
    if not cells:
        cells.extend(ground.rng.sample(CELLS, len(CELLS)))
    service, point = cells.pop()
    nth = ground.rng.choice((1, 1, 2, 5))
    stand, child = ground.stand, ground.stand.service(service)
    stand.arm(service, 0, {f"{service.upper()}_CRASH_AT": f"{point}:{nth}"})
    armed, end = child.pid(), time.monotonic() + PASS_SECONDS
    while child.pid() == armed and time.monotonic() < end:
        time.sleep(0.05)
    passed = child.pid() != armed
    if not passed:
        stand.kill(service)
    with ground.fault(
        "F1" if passed else "F2", f"kill -9 of {service} at {point}:{nth}" + _not(passed)
    ) as fault:
        fault.heal()
        stand.wait_all()
    return passed


def _not(passed: bool) -> str:
    return "" if passed else " (never passed; killed at no point)"


def kill_at_random(ground: Ground) -> None:
    """F2: kill -9 of any service at any time, one every three seconds by Poisson; single and timed when it is calm."""
    for _ in range(1 if ground.calm else 5):
        replica = ground.rng.choice(sorted(ground.stand.wanted))
        with ground.fault("F2", f"kill -9 of {replica[0]}-{replica[1]}") as fault:
            ground.stand.kill(*replica)
            fault.heal()
            if ground.calm:
                time.sleep(0.3)
                ground.stand.wait_all()
        ground.rest(0 if ground.calm else ground.rng.expovariate(1 / 3))


def make_zombie(ground: Ground) -> None:
    """F3: a service is frozen, for longer than its session most times: then another takes over before the zombie wakes up."""
    service = ground.rng.choice(("routing", "notify", "intake", "subsidies"))
    child = ground.stand.service(service)
    # Nobody is asked in intake's place here: what waits for its answer would wait for the zombie, not for the heir.
    if service == "intake" or ground.rng.random() < 0.3:
        seconds = ground.rng.uniform(2, 8)
        with ground.fault("F3", f"SIGSTOP of {service}-0 for {seconds:.0f} s"):
            child.pause()
            time.sleep(seconds)
            child.resume()
        return
    ground.stand.want(service, 1)
    ground.stand.wait_all()
    with _frozen_for(child, SESSION_SECONDS + ground.rng.uniform(2, 8)):
        child.pause()
        with ground.fault("F3", f"SIGSTOP of {service}-0, {HEIR}"):
            pass  # the heir goes on as soon as it may: that is what is timed
    _send_home(ground, service)


def make_zombie_at_point(ground: Ground) -> None:
    """F3: a service freezes itself in the middle of its work, another takes over, and the zombie goes on from there."""
    service = ground.rng.choice(("routing", "notify", "subsidies"))
    point = ground.rng.choice((*TURN, *DELIVERY, "relay.swept", "relay.sent"))
    stand, child = ground.stand, ground.stand.service(service)
    words = ("-m", "bench.faults.sabotage", service, "--stop-at", f"{point}:{ground.rng.randint(1, 3)}")
    stand.drop(service, 0, kill=True)
    stand.want(service, 0, words)
    end = time.monotonic() + PASS_SECONDS
    while not is_frozen(child.pid()) and time.monotonic() < end:
        time.sleep(0.02)
    where = point if is_frozen(child.pid()) else "no point, which it never passed"
    with _frozen_for(child, SESSION_SECONDS + 2):
        child.pause()
        with ground.fault("F3", f"SIGSTOP of {service}-0 at {where}, {HEIR}"):
            stand.want(service, 1)
    stand.drop(service, 0)
    stand.want(service, 0)
    stand.wait_all()
    _send_home(ground, service)


def _send_home(ground: Ground, service: str) -> None:
    """The heir leaves; nobody reads its share until its session is over, and that is not the next fault's doing."""
    ground.stand.drop(service, 1)
    ground.settle()


@contextmanager
def _frozen_for(child: Child, seconds: float) -> Iterator[None]:
    """A process sleeps for so long at least, and has a moment to do harm when it wakes up."""
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


def slow_down(ground: Ground) -> None:
    """F12: a service gets a tenth of its time."""
    service = ground.rng.choice(SERVICES)
    child, end = ground.stand.service(service), time.monotonic() + ground.rng.uniform(4, 10)
    with ground.fault("F12", f"{service} runs a tenth of the time"):
        while time.monotonic() < end:
            child.pause()
            time.sleep(0.45)
            child.resume()
            time.sleep(0.05)


def storm_of_members(ground: Ground) -> None:
    """F13: a second and a third replica of a service join and leave, every two seconds one of them."""
    service = ground.rng.choice([name for name in SERVICES if HEARD[name]])
    here: set[int] = set()
    for _ in range(ground.rng.randint(4, 8)):
        ordinal = ground.rng.choice((1, 2))
        if ordinal in here:
            ground.stand.drop(service, ordinal, kill=ground.rng.random() < 0.5)
            here.discard(ordinal)
        else:
            ground.stand.want(service, ordinal)
            here.add(ordinal)
        what = f"{service}-{ordinal} {'joins' if ordinal in here else 'leaves'}"
        with ground.fault("F13", what, timed=False):
            time.sleep(2.0)
    if not here:
        return
    with ground.fault("F13", f"{service}: everybody but the first leaves", count=len(here)):
        for ordinal in here:
            ground.stand.drop(service, ordinal)


def skew_clock(ground: Ground) -> None:
    """F11: a service lives an hour before or after everybody else, and then not any more."""
    if FAKETIME is None:
        ground.skip("F11", "libfaketime is not installed (apt-get install libfaketime)")
        return
    service, hours = ground.rng.choice(SERVICES), ground.rng.choice((-1, 1))
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{hours:+d}h", "DONT_FAKE_MONOTONIC": "1"}
    with ground.fault("F11", f"the clock of {service} is {hours:+d} h off") as fault:
        ground.stand.arm(service, 0, fake)
        ground.stand.wait_all()
        time.sleep(ground.rng.uniform(3, 6))
        ground.stand.kill(service)
        fault.heal()
        time.sleep(0.3)
        ground.stand.wait_all()
