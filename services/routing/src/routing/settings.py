"""The settings of routing; only main.py reads them."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ClientSettings


class Settings(ClientSettings):
    """Settings of every service, and the address of the staff pages; rules and deadlines are files in the seed folder."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True)

    public_url: str = Field(
        description="Address of the pages for staff, to which people return from the login."
    )
    dashboards_url: str = Field("", description="Address of the dashboards, as browsers of ops reach them.")
    undo_seconds: int = Field(
        600, description="For how long the closing of a case can be undone, in seconds.", ge=1, le=86_400
    )
