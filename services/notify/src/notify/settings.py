"""How notify is set up; only main reads it."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """What every service needs, and where contacts, mail and tenants are."""

    model_config = SettingsConfigDict(env_prefix="NOTIFY_", frozen=True)

    intake_url: str = Field(description="Address of intake's HTTP door, asked for a contact at each sending.")
    smtp_host: str = Field(description="Mail server that takes our messages over.")
    smtp_port: int = Field(description="Its port; STARTTLS is used when the server offers it.")
    sender: str = Field("no-reply@ascolto.example", description="Address that messages come from.")
    public_url: str = Field(description="Address of the pages that tenants open, written in messages.")
