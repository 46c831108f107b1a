"""The agency: its name, how people reach it, and its notices, from one file that it edits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from chassis.seed import Row, Text, load, read, refuse

FILE = "agency.yaml"
LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}

Hour = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Url = Annotated[str, StringConstraints(pattern=r"^https://\S+$", max_length=300)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class OpeningHours(Row):
    """The days on which a listening point opens and closes at these times of the day in Rome."""

    days: Annotated[list[Day], Field(min_length=1)]
    opens: Hour
    closes: Hour

    @field_validator("closes")
    @classmethod
    def _after_it_opens(cls, closes: str, info: ValidationInfo) -> str:
        opens = info.data.get("opens", "")
        if closes <= opens:
            raise ValueError(f"write a time after {opens}")
        return closes


class ListeningPoint(Row):
    """A place where tenants find the operators."""

    name: Text
    address: Text
    town: Text
    hours: Annotated[list[OpeningHours], Field(min_length=1)]
    phone: Text | None = None


class Privacy(Row):
    """Who is responsible for personal data."""

    controller: Text
    contact: Text
    notice: Url


class Accessibility(Row):
    """The accessibility statement (L. 4/2004), and where a barrier is reported."""

    statement: Url
    contact: Text


class _AgencyFile(Row):
    name: Text
    parent: Text
    parent_site: Url
    phone: Text
    email: Text
    listening_points: Annotated[list[ListeningPoint], Field(min_length=1)]
    privacy: Privacy
    accessibility: Accessibility
    logo: Text | None = None
    lift_phone: Text | None = None


@dataclass(frozen=True)
class Logo:
    """The picture in the header."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Agency:
    """The agency as pages and messages show it."""

    name: str
    parent: str
    parent_site: str
    phone: str
    email: str
    listening_points: tuple[ListeningPoint, ...]
    privacy: Privacy
    accessibility: Accessibility
    logo: Logo | None = None
    lift_phone: str | None = None

    @property
    def phone_link(self) -> str:
        """The phone number for a link: digits, and a plus at the beginning."""
        return _dialled(self.phone)

    @property
    def lift_phone_link(self) -> str:
        """The number of the lifts' call centre for a link, or nothing."""
        return _dialled(self.lift_phone or "")


def _dialled(phone: str) -> str:
    return "".join(one for one in phone if one.isdigit() or one == "+")


def read_agency(seed: Path) -> Agency:
    """The agency, from the file beside a service's seed folder; raises SeedError with every error."""
    file = load(seed.parent / FILE)
    written = read(file, _AgencyFile)
    logo = seed.parent / written.logo if written.logo else None
    if logo is not None and (logo.suffix not in LOGOS or logo.parent != seed.parent or not logo.is_file()):
        refuse([file.fault(("logo",), f"write the name of a file beside {FILE} that ends in .svg or .png")])
    return Agency(
        **{name: getattr(written, name) for name in _AgencyFile.model_fields if name != "logo"}
        | {"listening_points": tuple(written.listening_points)},
        logo=Logo(logo.read_bytes(), LOGOS[logo.suffix]) if logo else None,
    )
