"""The settings of intake, read from the environment (INTAKE_…)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """Settings of every service, and the address of the pages, to which staff return from the login."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    public_url: str = Field(description="Address of the pages, to which people return from the login.")


class ImportSettings(BaseSettings):
    """The settings of an import that runs in the environment of the service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True, extra="ignore")

    secret: Path | None = None
    otlp_endpoint: str = ""
