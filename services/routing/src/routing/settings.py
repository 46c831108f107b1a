"""How routing is set up; only main reads it."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service needs; routing's own figures are data in its seed folder."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True)
