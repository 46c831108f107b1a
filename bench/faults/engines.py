"""Faults of engines and links: broker and mongod die, hang and step down, connections misbehave, everything restarts."""

import time
from contextlib import suppress

from pymongo.errors import PyMongoError

from bench.faults.context import FaultContext
from bench.faults.proxy import Mode
from stack.kafka import Kafka
from stack.mongod import Mongod


def break_broker(context: FaultContext) -> None:
    """F4: the broker is killed, restarted or paused."""
    _break(context, "F4", "broker", context.environment.kafka)


def break_store(context: FaultContext) -> None:
    """F5: mongod is killed, restarted, paused, or steps down for a while."""
    if context.rng.random() < 0.25:
        with context.fault("F5", "mongod steps down for 3 s"):
            with suppress(PyMongoError), context.environment.client() as client:
                client.admin.command({"replSetStepDown": 3, "force": True})
            time.sleep(3.5)
            context.environment.mongod.wait_ready()
        return
    _break(context, "F5", "mongod", context.environment.mongod)


def _break(context: FaultContext, kind: str, name: str, engine: Kafka | Mongod) -> None:
    how = context.rng.choice(("kill -9", "kill -9", "restart", "pause"))
    seconds = context.rng.uniform(1, 4)
    if how == "pause" and context.rng.random() < 0.3:
        seconds += 12
    with context.fault(kind, f"{how} of the {name}, {seconds:.0f} s down") as fault:
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


def misbehave(context: FaultContext) -> None:
    """F6: a link resets, stops forwarding, hangs, delays, drops replies or is throttled."""
    name = context.rng.choice(
        [name for name in context.environment.links.names if not name.startswith("client-")]
    )
    if context.rng.random() < 0.1:
        name = "client-intake"
    mode = context.rng.choice(
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
    seconds = context.rng.uniform(1, 5) + (12 if context.rng.random() < 0.1 else 0)
    with (
        context.fault("F6", f"{name}: {mode} for {seconds:.0f} s"),
        context.environment.links.behaving(name, mode),
    ):
        time.sleep(seconds)


def drop_quickly(context: FaultContext) -> None:
    """F6: many short losses of replies between a service and its database, so that results of commits are lost."""
    service = context.rng.choice(("intake", "routing", "notify"))
    for _ in range(5):
        with (
            context.fault("F6", f"{service}-mongod: drop-replies briefly", timed=False),
            context.environment.links.behaving(f"{service}-mongod", Mode("drop-replies")),
        ):
            time.sleep(context.rng.uniform(0.02, 0.2))
        time.sleep(context.rng.uniform(0.3, 1.0))


def restart_everything(context: FaultContext) -> None:
    """F14: every process is killed at once, and all are restarted in random order."""
    environment = context.environment
    replicas = sorted(environment.specs)
    with context.fault("F14", "kill -9 of every service, the broker and mongod at once") as fault:
        with environment.suspended(*replicas):
            for replica in replicas:
                environment.service(*replica).kill()
            environment.kafka.kill()
            environment.mongod.kill()
            engines: list[Kafka | Mongod] = [environment.kafka, environment.mongod]
            context.rng.shuffle(engines)
            fault.heal()
            if context.rng.random() < 0.5:
                for engine in engines:
                    engine.launch()
        for engine in engines:
            engine.start()
        environment.wait_all()
