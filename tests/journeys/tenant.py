"""Tenants: a report from the first page to the answer, on a phone, without JavaScript, in Arabic, by keyboard."""

from dataclasses import dataclass

from tests.journeys.registry import journey
from tests.journeys.walk import Walk, World


@dataclass(frozen=True)
class Slip:
    """What a tenant keeps: code and PIN."""

    code: str
    pin: str


def report(walk: Walk, words: str = "L'ascensore è fermo da ieri.", category: str = "ascensore") -> Slip:
    """Reports a problem from the home page, and returns what is on the slip."""
    walk.open("/").open("/segnala")
    walk.choose("category", category).choose("place_id", "bg-monterosso").fill("description", words)
    return slip_of(walk.press())


def slip_of(walk: Walk) -> Slip:
    """Code and PIN on the page that a tenant prints."""
    code, pin = walk.all("dl.receipt dd").all_inner_texts()[:2]
    return Slip(code.strip(), pin.strip())


def status(walk: Walk, slip: Slip) -> Walk:
    """Opens the status with code and PIN."""
    walk.open(f"/stato?codice={slip.code}")
    return walk.fill("pin", slip.pin).press()


@journey("tenant")
def report_and_withdraw(world: World) -> None:
    """Reports, keeps the slip, reads the status, withdraws."""
    walk = world.walk()
    slip = report(walk)
    status(walk, slip).sees("Monterosso")
    walk.unfold("Ritiri la segnalazione").tick("Si è risolto da solo").press("Ritira la segnalazione")
    status(walk, slip).sees("ritirata")


@journey("tenant")
def report_without_javascript(world: World) -> None:
    """Does the same without JavaScript."""
    walk = world.walk(javascript=False)
    status(walk, report(walk)).sees("Monterosso")


@journey("tenant")
def report_by_keyboard(world: World) -> None:
    """Reports with the keyboard alone."""
    walk = world.walk(keyboard=True)
    status(walk, report(walk)).sees("Monterosso")


@journey("tenant")
def send_again(world: World) -> None:
    """Goes back after sending and sends again: it stays one report."""
    walk = world.walk()
    slip = report(walk)
    walk.back()
    assert slip_of(walk.press()) == slip


@journey("tenant")
def empty_form(world: World) -> None:
    """Sends nothing: the errors are in the order of the form."""
    walk = world.walk().open("/segnala").press()
    links = walk.all("main [role=alert] a, main .summary a").all_inner_texts()
    assert len(links) >= 3, links
