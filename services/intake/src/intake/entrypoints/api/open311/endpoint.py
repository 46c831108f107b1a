"""What the endpoint of Open311 says of itself, and who may send to it."""

from dataclasses import dataclass
from typing import Self

from intake.app.open311_keys import ApiKeys, development_keys
from intake.domain.api_keys import Open311
from intake.entrypoints.api.open311.errors import Faults
from webkit.agency import Agency


@dataclass(frozen=True)
class Endpoint:
    """The agency, its jurisdiction_id, the address of the pages, the keys, and whether this is a test."""

    agency: Agency
    jurisdiction: str
    public_url: str
    keys: ApiKeys
    is_test: bool

    @classmethod
    def of(cls, agency: Agency, settings: Open311, public_url: str, secret: bytes, development: bool) -> Self:
        """The endpoint with these settings; in development with a key that is derived from the secret."""
        keys = ApiKeys((development_keys(settings, secret) if development else settings).keys)
        return cls(agency, settings.jurisdiction, public_url.rstrip("/"), keys, development)

    def check(self, jurisdiction_id: str) -> None:
        """Raise Faults (404) for another jurisdiction than the only one; an endpoint without a name for it takes any."""
        if self.jurisdiction and jurisdiction_id.strip() not in ("", self.jurisdiction):
            known = f"This endpoint has {self.jurisdiction!r} only; leave it out."
            raise Faults([f"The jurisdiction_id {jurisdiction_id[:100]!r} was not found. {known}"], 404)
