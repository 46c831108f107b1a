"""The environment of a service process."""

import json
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from contracts.connection import Connection
from contracts.permissions import SERVICES
from stack.services import CLIENTS, HOMES, Dependencies, Secrets, environment
from stack.tools import REPOSITORY


def dependencies(folder: Path) -> Dependencies:
    """What a service depends on, without a collector of traces."""
    return Dependencies(
        kafka=Connection("127.0.0.1:9092"),
        mongo="mongodb://localhost",
        smtp_port=25,
        intake_port=8001,
        public_url="http://127.0.0.1:8000",
        issuer="http://localhost",
        secrets=Secrets(folder),
    )


@pytest.mark.parametrize("service", SERVICES)
def test_people_log_in_to_every_service_at_one_address(service: str, tmp_path: Path) -> None:
    needs = dependencies(tmp_path)
    needs.secrets.make()
    own, prefix = environment(service, 0, 8002, needs, {}), service.upper()

    assert own[f"{prefix}_PUBLIC_URL"] == "http://127.0.0.1:8000"
    client = json.loads(needs.secrets.clients.read_text())[own[f"{prefix}_CLIENT"]]
    assert client["secret"] == Path(own[f"{prefix}_CLIENT_SECRET"]).read_text()
    assert client["back"].endswith("/accesso/ritorno")
    assert replace(needs, public_url="http://127.0.0.1:8001").fingerprint() != needs.fingerprint()


def test_the_deployment_and_the_local_stack_register_the_same_clients() -> None:
    spec = spec_from_file_location("made_secrets", REPOSITORY / "deploy" / "compose" / "secrets.py")
    assert spec is not None
    assert spec.loader is not None
    deployed = module_from_spec(spec)
    spec.loader.exec_module(deployed)

    assert {name: tuple(roles) for name, roles in deployed.CLIENTS.items()} == CLIENTS
    assert {name: f"{home}/accesso/ritorno" for name, home in HOMES.items()} == deployed.BACK


def test_a_collector_of_traces_is_passed_on_and_a_change_of_it_restarts_the_service(tmp_path: Path) -> None:
    without = dependencies(tmp_path)
    traced = replace(without, traces="http://127.0.0.1:4318")

    own = environment("routing", 0, 8002, traced, {})

    assert own["ROUTING_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert "ROUTING_OTLP_ENDPOINT" not in environment("routing", 0, 8002, without, {})
    assert traced.fingerprint() != without.fingerprint()
