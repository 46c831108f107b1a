"""The place of a report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A stair, a building or a whole neighbourhood, with its neighbourhood and province."""

    id: str
    label: str
    neighbourhood: str
    neighbourhood_label: str
    province: str
    province_label: str
