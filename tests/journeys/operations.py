"""Ops: the page of the system."""

from tests.journeys.registry import journey
from tests.journeys.staff import DINO
from tests.journeys.walk import DESKTOP, World


@journey("ops")
def look_at_the_system(world: World) -> None:
    """Logs in and reads how the system is."""
    world.walk(screen=DESKTOP).log_in(*DINO, "/sistema").sees("Sistema")
