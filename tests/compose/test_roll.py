"""What the rolling command relies on and other files say."""

import re
from pathlib import Path

from deploy.compose import roll

from contracts.permissions import SERVICES

ROOT = Path(__file__).resolve().parents[2]


def test_every_service_is_rolled() -> None:
    assert roll.SERVICES == SERVICES


def test_the_gateway_has_asked_for_names_again_before_the_old_ones_go() -> None:
    found = re.search(
        r"resolver 127\.0\.0\.11 valid=(\d+)s", (ROOT / "deploy/gateway/nginx.conf").read_text()
    )
    assert found is not None
    assert int(found[1]) < roll.FOUND_SECONDS
