"""What every JSON body of a request is."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
