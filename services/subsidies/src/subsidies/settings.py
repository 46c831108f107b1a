"""The settings of subsidies; only main reads them."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """The settings of every service, and the addresses of intake and of the pages; rules, measures and budgets are files in the seed folder."""

    model_config = SettingsConfigDict(env_prefix="SUBSIDIES_", frozen=True)

    intake_url: str = Field(
        description="Address of intake's HTTP API, which says who may see the application of a report."
    )
    public_url: str = Field(
        description="Address of the pages for officers, to which people return from the login."
    )
