"""A system with three brokers and three mongod as processes, with the settings of the profile `ha`."""

import shutil
from pathlib import Path

from stack.kafka import ClusterSeat, Kafka, cluster_id
from stack.mongod import KEY, Mongod
from stack.ports import HOST, Ports, answers
from stack.processes import Child
from stack.system import System
from stack.tools import Tools


def three_brokers(root: Path, tools: Tools) -> list[Kafka]:
    """Three brokers of one cluster, not started."""
    folders = tuple(root / f"kafka-{number}" for number in (1, 2, 3))
    cluster = cluster_id()
    return [
        Kafka(folder, tools, seat=ClusterSeat(number, folders, cluster))
        for number, folder in enumerate(folders, 1)
    ]


def start_brokers(brokers: list[Kafka]) -> None:
    """Starts the brokers that do not run, as Compose does: the others when the first one is ready."""
    for broker in brokers[:1] if not brokers[0].formatted.exists() else brokers:
        broker.launch()
    brokers[0].wait_ready(150)
    for broker in brokers[1:]:
        broker.launch()
    for broker in brokers:
        broker.wait_ready(150)


def three_mongods(root: Path, tools: Tools) -> list[Mongod]:
    """Three mongod of one set, not started; the first one initiates it."""
    folders = [root / f"mongod-{number}" for number in (1, 2, 3)]
    others = tuple(f"{HOST}:{Ports(folder)['clients']}" for folder in folders[1:])
    first = Mongod(folders[0], tools, others=others)
    rest = [Mongod(folder, tools) for folder in folders[1:]]
    first.passwords.make(KEY)
    for one in rest:
        one.secrets.mkdir(parents=True, exist_ok=True)
        shutil.copy(first.passwords.file(KEY), one.passwords.file(KEY))
    return [first, *rest]


def start_mongods(mongods: list[Mongod]) -> None:
    """Starts the mongod that do not run; returns when the set has three members and a primary."""
    for one in mongods:
        one.launch()
    for one in mongods[1:]:
        one.child.wait_until(lambda one=one: answers(one.port), 150)  # type: ignore[misc]
    mongods[0].wait_ready()


class HaSystem(System):
    """The system of `make up` with three of each engine."""

    def __init__(self, root: Path, tools: Tools) -> None:
        """Takes the state folder and the tools."""
        super().__init__(root)
        self.brokers, self.mongods = three_brokers(root, tools), three_mongods(root, tools)

    @property
    def kafka(self) -> Kafka:
        """The first broker; its address lists all brokers."""
        return self.brokers[0]

    @property
    def mongod(self) -> Mongod:
        """The mongod that initiated the set; its address lists all members."""
        return self.mongods[0]

    def bring_up_engines(self) -> None:
        """Starts the engines that do not run."""
        start_mongods(self.mongods)
        start_brokers(self.brokers)

    def engine_processes(self) -> list[Child]:
        """The processes of all six engines."""
        return [*(one.child for one in self.brokers), *(one.child for one in self.mongods)]

    def stop_engines(self) -> None:
        """Kills all six engines."""
        for broker in self.brokers:
            broker.kill()
        for mongod in self.mongods:
            mongod.kill()
