"""What a service does not need when it starts is not loaded then."""

import subprocess
import sys

from tests.http.services import SERVICES

LATER = {
    "faststream": "when the consumer starts, in a thread",
    "chassis.runtime.shadow": "by `python -m SERVICE replay`",
    "rich": "never: it colours the command line of httpx",
    "pygments": "never",
    "email_validator": "with the first address that is not a common one",
    "segno": "with the first QR code",
    "typst": "with the first sheet",
    "PIL": "in processes of their own",
    "babel.messages.frontend": "by `make texts`",
    "fastapi.testclient": "never",
    "pydantic.v1": "never",
}
PROGRAM = """
import importlib, sys
for service in sys.argv[1:]:
    importlib.import_module(f"{service}.main")
importlib.import_module("chassis.runtime.server")
from fastapi.openapi.models import OpenAPI
from contracts.topics import BY_TYPE
built = [one.__name__ for one in (OpenAPI, *BY_TYPE.values()) if one.__pydantic_complete__]
print(*sys.modules, *(f"built:{name}" for name in built))
"""


def test_a_start_loads_no_module_and_builds_no_validator_before_it_is_needed() -> None:
    command = [sys.executable, "-c", PROGRAM, *SERVICES]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    assert "fastapi" in loaded
    assert loaded & LATER.keys() == set()
    assert {name for name in loaded if name.startswith("built:")} == set()
