"""Imports FastAPI and httpx without what a service does not need when it starts; comes before every other import of them."""

import gc
import sys

from pydantic import BaseModel, ConfigDict

# Imports create objects that stay, and batches thousands of short-lived ones: collections find little in either.
THRESHOLDS = (50_000, 20, 100)
gc.set_threshold(*THRESHOLDS)

# The command line of httpx, with the packages that colour a terminal; httpx does without it where it cannot be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

# Nobody asks for /openapi.json when a service starts: its models build their validators when they are first used. They do without
# the library for the mail address of an API's contact, which no API here names.
_settings, _addresses = BaseModel.model_config, sys.modules.get("email_validator")
BaseModel.model_config = ConfigDict(defer_build=True)
sys.modules["email_validator"] = None  # type: ignore[assignment]
try:
    import fastapi.openapi.models  # noqa: F401
finally:
    BaseModel.model_config = _settings
    del sys.modules["email_validator"]
    if _addresses is not None:
        sys.modules["email_validator"] = _addresses
