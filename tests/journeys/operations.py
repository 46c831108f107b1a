"""Ops and the messages: how the system is, what was sent, what is sent again."""

from tests.journeys.registry import journey
from tests.journeys.staff import ADA, DINO
from tests.journeys.tenant import report
from tests.journeys.walk import DESKTOP, World


@journey("ops")
def look_at_the_system(world: World) -> None:
    """Logs in and reads how every service is."""
    walk = world.walk(screen=DESKTOP).log_in(*DINO, "/sistema/routing")
    for service in ("intake", "subsidies", "notify"):
        walk.open(f"/sistema/{service}").sees("In attesa di una persona", "Registro")
    walk.open("/sistema").sees("intake-0", "routing-0", "subsidies-0", "notify-0")


@journey("operator")
def messages(world: World) -> None:
    """Reads the messages of a report and sends one again with a reason."""
    tenant = world.walk()
    slip = report(tenant, "Muffa in bagno.", "technical", "muffa", email="nora@example.org")
    tenant.mail_to("nora@example.org", slip.code)
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/messaggi")
    walk.open(f"/messaggi?codice={slip.code}").sees(slip.code, "Muffa e umidità")
    walk.follow("Invii di nuovo")
    walk.pick_first("motivo")
    walk.press("Invii di nuovo").sees("Messaggi")
    walk.open("/messaggi/modelli").sees("Modelli dei messaggi")
