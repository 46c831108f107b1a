"""Store places that the agency has edited."""

from dataclasses import dataclass

from chassis.handling import Change
from intake.domain.places import Place
from intake.handlers.documents import PLACES


@dataclass(frozen=True)
class LoadPlaces:
    """Store these places as the file has them now."""

    places: tuple[Place, ...]


def load_places(command: LoadPlaces, *_: object) -> Change:
    """Store the places."""
    return Change(write=[PLACES.put(place) for place in command.places])
