"""What intake can be told at its start, from the environment (INTAKE_…)."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of intake: those of every service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")


class ImportSettings(BaseSettings):
    """What an import is told by the environment of a service, when it runs in one."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True, extra="ignore")

    secret: Path | None = None
