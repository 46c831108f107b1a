"""Faults of engines and links: broker and store die, hang and step down, connections misbehave, everything restarts."""

import time
from contextlib import suppress

from pymongo.errors import PyMongoError

from bench.faults.ground import Ground
from bench.faults.proxy import Mode
from stack.kafka import Kafka
from stack.mongod import Mongod


def break_broker(ground: Ground) -> None:
    """F4: the broker is killed, restarted in order, or hangs."""
    _break(ground, "F4", "broker", ground.stand.kafka)


def break_store(ground: Ground) -> None:
    """F5: mongod is killed, restarted in order, hangs, or is no primary for a while."""
    if ground.rng.random() < 0.25:
        with ground.fault("F5", "mongod steps down for 3 s"):
            with suppress(PyMongoError), ground.stand.client() as client:
                client.admin.command({"replSetStepDown": 3, "force": True})
            time.sleep(3.5)
            ground.stand.mongod.wait_ready()
        return
    _break(ground, "F5", "mongod", ground.stand.mongod)


def _break(ground: Ground, kind: str, name: str, engine: Kafka | Mongod) -> None:
    how = ground.rng.choice(("kill -9", "kill -9", "restart", "pause"))
    seconds = ground.rng.uniform(1, 4)
    if how == "pause" and ground.rng.random() < 0.3:
        seconds += 12
    with ground.fault(kind, f"{how} of the {name}, {seconds:.0f} s away") as fault:
        if how == "pause":
            engine.pause()
            time.sleep(seconds)
            engine.resume()
            return
        if how == "kill -9":
            engine.kill()
        else:
            engine.stop()
        time.sleep(seconds)
        fault.heal()
        engine.start()


def misbehave(ground: Ground) -> None:
    """F6: a link resets, swallows, hangs, delays, drops its replies or is slow."""
    name = ground.rng.choice([name for name in ground.stand.links.names if not name.startswith("client-")])
    if ground.rng.random() < 0.1:
        name = "client-intake"
    mode = ground.rng.choice(
        (
            Mode("reset"),
            Mode("blackhole"),
            Mode("half-open"),
            Mode("delay", delay=0.2, jitter=0.1),
            Mode("drop-replies"),
            Mode("drop-replies"),
            Mode("throttle", rate=8_000),
        )
    )
    seconds = ground.rng.uniform(1, 5) + (12 if ground.rng.random() < 0.1 else 0)
    with (
        ground.fault("F6", f"{name}: {mode} for {seconds:.0f} s"),
        ground.stand.links.behaving(name, mode),
    ):
        time.sleep(seconds)


def drop_quickly(ground: Ground) -> None:
    """F6: many short losses of replies between a service and its store: results of commits that nobody hears."""
    service = ground.rng.choice(("intake", "routing", "notify"))
    for _ in range(5):
        with (
            ground.fault("F6", f"{service}-mongod: drop-replies for a moment", timed=False),
            ground.stand.links.behaving(f"{service}-mongod", Mode("drop-replies")),
        ):
            time.sleep(ground.rng.uniform(0.02, 0.2))
        time.sleep(ground.rng.uniform(0.3, 1.0))


def restart_everything(ground: Ground) -> None:
    """F14: every process dies at once, and all come back in any order."""
    stand = ground.stand
    replicas = sorted(stand.wanted)
    with ground.fault("F14", "kill -9 of every service, the broker and mongod at once") as fault:
        with stand.held_down(*replicas):
            for replica in replicas:
                stand.service(*replica).kill()
            stand.kafka.kill()
            stand.mongod.kill()
            engines: list[Kafka | Mongod] = [stand.kafka, stand.mongod]
            ground.rng.shuffle(engines)
            fault.heal()
            if ground.rng.random() < 0.5:
                for engine in engines:
                    engine.launch()
        for engine in engines:
            engine.start()
        stand.wait_all()
