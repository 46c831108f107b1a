"""The settings of intake, read from the environment (INTAKE_…)."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ClientSettings

_ADDRESS = re.compile(r"[^\s@+<>,]{1,64}@[^\s@<>,]{1,253}")


class Settings(ClientSettings):
    """Settings of every service, the address of the pages, to which staff return from the login, and where mail comes in."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    public_url: str = Field(description="Address of the pages, to which people return from the login.")
    mail_port: int = Field(
        0, description="Port that LMTP is spoken on; 0: this process takes no mail.", ge=0, le=65_535
    )
    mail_host: str = Field("127.0.0.1", description="Address that it listens on.")
    mail_address: str = Field(
        "",
        description="The agency's address for reports, as segnalazioni@example.org; empty: no mail is taken.",
    )
    mail_senders: str = Field(
        "",
        description="Addresses, by commas, that our own mails are sent from: a mail from one of them goes round in circles.",
    )

    @model_validator(mode="after")
    def _mail_has_an_address(self) -> Self:
        if self.mail_port and not _ADDRESS.fullmatch(self.mail_address):
            raise ValueError(
                "mail_address: give the address for reports, like segnalazioni@example.org, or no mail_port"
            )
        return self

    @property
    def mail(self) -> tuple[str, frozenset[str], str, int]:
        """The address for reports, all addresses of ours in lower case, and where LMTP is spoken: host and port."""
        named = (self.mail_address, *self.mail_senders.split(","))
        own = frozenset(filter(None, (one.strip().lower() for one in named)))
        return self.mail_address, own, self.mail_host, self.mail_port


class ImportSettings(BaseSettings):
    """The settings of an import that runs in the environment of the service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True, extra="ignore")

    secret: Path | None = None
    otlp_endpoint: str = ""
