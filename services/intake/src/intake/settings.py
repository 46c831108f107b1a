"""What intake can be told at its start, from the environment (INTAKE_…)."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of intake: those of every service."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")
