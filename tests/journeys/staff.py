"""Staff: operators, coordinators and officers at their pages."""

from tests.journeys.registry import journey
from tests.journeys.walk import DESKTOP, World

ADA, BRUNO, CARLA, DINO = (
    ("ada-esempio", "operator"),
    ("bruno-finto", "officer"),
    ("carla-inventata", "coordinator"),
    ("dino-prova", "ops"),
)


@journey("operator")
def operator_closes(world: World) -> None:
    """Logs in and sees the open cases."""
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/lavoro").is_at("/lavoro")
    walk.sees("Ada Esempio")


@journey("officer")
def wrong_role(world: World) -> None:
    """Opens a page of another role: it says where to go, and logs out."""
    walk = world.walk(screen=DESKTOP).log_in(*BRUNO, "/lavoro").sees("Pagina riservata")
    walk.press("Esci").sees("È uscito")


@journey("coordinator")
def board(world: World) -> None:
    """Logs in, reads the board and the settings, logs out."""
    walk = world.walk(screen=DESKTOP).log_in(*CARLA, "/lavoro")
    walk.open("/lavoro/impostazioni")
    walk.press("Esci").sees("È uscito")
