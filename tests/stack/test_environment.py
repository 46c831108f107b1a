"""The environment of a service process."""

from dataclasses import replace
from pathlib import Path

from contracts.connection import Connection
from stack.services import Dependencies, Secrets, environment


def test_a_collector_of_traces_is_passed_on_and_a_change_of_it_restarts_the_service(tmp_path: Path) -> None:
    without = Dependencies(
        Connection("127.0.0.1:9092"), "mongodb://localhost", 25, 8001, "http://localhost", Secrets(tmp_path)
    )
    traced = replace(without, traces="http://127.0.0.1:4318")

    own = environment("routing", 0, 8002, traced, {})

    assert own["ROUTING_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert "ROUTING_OTLP_ENDPOINT" not in environment("routing", 0, 8002, without, {})
    assert traced.fingerprint() != without.fingerprint()
