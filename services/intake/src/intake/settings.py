"""The settings of intake, read from the environment (INTAKE_…)."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of the service: those of every service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")


class ImportSettings(BaseSettings):
    """The settings of an import that runs in the environment of the service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True, extra="ignore")

    secret: Path | None = None
    otlp_endpoint: str = ""
