"""The settings of subsidies; only main reads them."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service; rules, measures and budgets are files in the seed folder."""

    model_config = SettingsConfigDict(env_prefix="SUBSIDIES_", frozen=True)
