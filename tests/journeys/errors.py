"""Pages that are not there: people are told so, with a way on."""

from tests.journeys.registry import journey
from tests.journeys.walk import World


@journey("anybody")
def unknown_address(world: World) -> None:
    """An address that nobody has is a page that leads to the start."""
    walk = world.walk()
    for path in ("/nessuna-pagina", "/lavoro/nessuna/pagina/qui", "/stato/nessuna-pagina"):
        walk.open(path, 404)
    walk.open("/nessuna-pagina", 404).sees("Pagina non trovata", "112").follow(
        "Vada alla pagina iniziale"
    ).is_at("/")


@journey("anybody")
def service_is_away(world: World) -> None:
    """The pages of a service that does not run say so."""
    walk = world.walk()
    walk.open("/kit", 404).sees("Pagina non trovata")
