"""How routing is set up; only main reads it."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """What every service needs, and where staff finds its pages; routing's own figures are data in its seed folder."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True)

    public_url: str = Field(
        description="Address of the pages for staff, to which people return from the login."
    )
