"""The settings of notify; only main.py reads them."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """Settings of every service, and the addresses of intake, the mail server and the tenants' pages."""

    model_config = SettingsConfigDict(env_prefix="NOTIFY_", frozen=True)

    intake_url: str = Field(description="Address of intake's HTTP API; each sending reads the contact there.")
    smtp_host: str = Field(description="Host of the mail server that accepts our messages.")
    smtp_port: int = Field(description="Its port; STARTTLS is used when the server offers it.")
    sender: str = Field("no-reply@ascolto.example", description="Address that messages are sent from.")
    inbound: str = Field(
        "",
        description="Address that takes mails about reports, which answers go to; empty: the agency's own address.",
    )
    public_url: str = Field(description="Address of the tenants' pages, as messages link to it.")
