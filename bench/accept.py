"""What the acceptance of a report costs intake's process under saturation, beside a bare route, alternately in one run."""

from bench.client import Client
from bench.costs import Meter
from bench.engines import Engines
from bench.figures import Figures
from bench.load import PATH, Load
from bench.sizes import Sizes
from bench.variants.task import Task
from contracts.permissions import SERVICES
from stack.ports import HOST, Ports, answers
from stack.processes import Child, print_stderr
from stack.tools import base_environment

DOOR, INTAKE = "accept-bare", "accept-intake"
DATABASE = "bench-accept"


async def measure(load: Load, figures: Figures, sizes: Sizes) -> None:
    """Accept reports by turns at intake and at the bare route; the other services are paused and stay so."""
    engines = load.engines
    for name in SERVICES:
        if name != "intake":
            engines.system.service(name).pause()
    door = Child("variant", engines.system.root / "variants" / DOOR)
    port = _start(engines, door)
    door.wait_until(lambda: answers(port), 60.0)
    clients = {INTAKE: load.client, DOOR: Client(HOST, port)}
    pids = {INTAKE: engines.system.service("intake").pid(), DOOR: door.pid()}
    try:
        for turn in range(-1, sizes.pairs + 1):
            for name, client in clients.items():
                print_stderr(f"{name}, turn {turn + 1} …")
                bodies = await load.bodies(sizes.accepted)
                meter = Meter(engines, {name: pids[name]})
                await client.closed_loop(PATH, bodies)
                if turn >= 0:  # the first turn warms up
                    figures.costs.append(meter.stop(name, len(bodies)))
    finally:
        door.kill()
        engines.client.drop_database(DATABASE)


def _start(engines: Engines, door: Child) -> int:
    port = Ports(door.folder).claim("http")
    task = Task(DOOR, engines.kafka, engines.mongo, DATABASE, "", "", str(port))
    door.start([*task.command()], base_environment())
    return port
