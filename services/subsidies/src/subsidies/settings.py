"""How subsidies is set up; only main reads it."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service needs; rules, measures and budgets are data in the seed folder."""

    model_config = SettingsConfigDict(env_prefix="SUBSIDIES_", frozen=True)
