"""Ops and the messages: how the system is, what was sent, what is sent again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from aiokafka import AIOKafkaProducer
from tests.journeys.registry import journey
from tests.journeys.staff import ADA, DINO
from tests.journeys.tenant import registered
from tests.journeys.walk import DESKTOP, World


@journey("ops")
def look_at_the_system(world: World) -> None:
    """Logs in and reads how every service is."""
    walk = world.walk(screen=DESKTOP).log_in(*DINO, "/sistema/routing")
    for service in ("intake", "subsidies", "notify"):
        walk.open(f"/sistema/{service}").sees("In attesa di una persona", "Registro")
    walk.open("/sistema").sees("intake-0", "routing-0", "subsidies-0", "notify-0")
    walk.open("/sistema/testi").sees("Testi comuni a tutte le pagine", "Română")


@journey("ops")
def mend_what_is_parked(world: World) -> None:
    """Finds a record that no service can read, reads it, tries it again, discards it with a reason, and finds it in the audit."""
    # The browser's event loop runs in this thread.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(_send_what_nobody_can_read(world))).result()
    walk = world.walk(screen=DESKTOP).log_in(*DINO, "/sistema/routing")
    walk.until("Non si riesce a leggere").follow("Non si riesce a leggere").sees(
        "Una fila ferma", "intake.reports"
    )
    walk.press("Riprova questa fila").until("Finito").sees("Ancora in attesa")
    walk.open("/sistema/routing").follow("Non si riesce a leggere")
    walk.press("Scarta questa fila").sees("Scriva perché si può scartare.")
    for service in ("routing", "subsidies", "notify"):
        walk.open(f"/sistema/{service}").until("Non si riesce a leggere").follow("Non si riesce a leggere")
        walk.fill("why", "Record di prova").press("Scarta questa fila").until("Finito").sees("Scartati")
        walk.open(f"/sistema/{service}").sees("Non c'è niente in attesa", "«Record di prova»")


async def _send_what_nobody_can_read(world: World) -> None:
    assert world.system is not None
    connection = world.system.kafka.as_user("intake")
    async with AIOKafkaProducer(**connection.aiokafka()) as producer:
        await producer.send_and_wait("intake.reports", b"{", key=b"not-a-report")


@journey("operator")
def messages(world: World) -> None:
    """Reads the messages of a report and sends one again with a reason."""
    slip = registered(world, "Muffa in bagno.", "muffa", email="nora@example.org")
    walk = world.walk(screen=DESKTOP).log_in(*ADA, "/messaggi")
    walk.mail_to("nora@example.org", slip.code)
    walk.open(f"/messaggi?codice={slip.code}").sees(slip.code, "Muffa e umidità")
    walk.follow("Invii di nuovo")
    walk.pick_first("motivo")
    walk.press("Invii di nuovo").sees("Messaggi")
    walk.open("/messaggi/modelli").sees("Modelli dei messaggi")
