"""The files that the deployment is written in."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = "docker-compose.yml"
COMMON = "deploy/compose/common.yml"
PARTS = tuple(re.findall(r"\{path: (\S+),", (ROOT / BASE).read_text()))
GATEWAY, INSIDE, OUTSIDE = "deploy/gateway/tls.yml", "deploy/compose/tls.yml", "deploy/kafka/outside.yml"
# A replica of a service with a door of its own follows the rules of the service.
REPLICA_OF = {"inbound": "intake"}
OVERLAYS = (GATEWAY, INSIDE, OUTSIDE)


def written_services() -> dict[str, Any]:
    """Every service as the base and its parts write it, without what it takes over from elsewhere."""
    files = (yaml.safe_load((ROOT / file).read_text()) for file in (BASE, *PARTS))
    return {name: spec for file in files for name, spec in file["services"].items()}
