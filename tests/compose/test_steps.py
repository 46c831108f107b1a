"""The functions of the deployment test; the test itself is the verb `compose-test`."""

from pathlib import Path
from typing import Any

import pytest
from tests.compose.commands import StepError, fails, run
from tests.compose.deployment import Deployment, retrying
from tests.compose.engine import is_refusal
from tests.compose.high_availability import figure, state
from tests.compose.images import stand_ins
from tests.compose.recovery import archive_in, firing, mails_about
from tests.compose.scaling import answered_by
from tests.compose.steps import Result, public_images
from tests.compose.traffic import AnswerCounts
from tests.compose.verification import Summary, summary_of


def test_the_last_line_has_the_last_account_and_the_sum_of_failures() -> None:
    result = Result(up_seconds=61.6, restored=True)
    for accepted in (330, 1204):
        result.summaries.append(Summary(accepted, unaccounted=0, mails=900))
    for failures in (["GET / was not answered"], [], ["GET / was answered 502"]):
        result.failed += len(failures)

    assert str(result) == (
        "compose: up in 62 s, 1204 accepted, 0 unaccounted, 2 failed during rolls, restore ok"
    )


def test_the_last_line_without_an_account() -> None:
    assert str(Result()) == (
        "compose: up in 0 s, 0 accepted, 0 unaccounted, 0 failed during rolls, restore not tried"
    )


def test_the_last_line_of_three_of_each_says_how_many_came_back() -> None:
    result = Result(up_seconds=81.2, back=3, summaries=[Summary(660)])

    assert str(result) == (
        "compose-ha: up in 81 s over TLS, 660 accepted, 0 unaccounted, a broker and a mongod lost, 3 of 3 back"
    )


def test_a_doubled_mail_is_counted_apart_from_violations() -> None:
    counts = {"accepted": 3, "cases": 3, "decisions": 0, "messages": 6, "mails": 6, "copies": 0}
    wrong = [
        ["r1", "doubled mail: message case-opened lies in the mailbox 2 times"],
        ["r2", "0 documents in routing.cases instead of 1"],
        ["r2", "lost event: no case-opened.v1 on the topics"],
        ["", "budget x: [1] add up to 1 and 2 is allocated"],
    ]
    drawn = summary_of({**counts, "violations": wrong})

    assert (drawn.accepted, drawn.doubled, drawn.unaccounted, len(drawn.violations)) == (3, 1, 1, 3)
    assert "r2: lost event" in str(drawn)


def test_the_archive_that_a_backup_names_is_found() -> None:
    said = "/backups/ascolto-20261127T1.backup: 12 documents of 3 collections as of now, 0.1 MB; saved\n"
    assert archive_in(said) == "/backups/ascolto-20261127T1.backup"
    with pytest.raises(StepError, match="printed no archive: nothing"):
        archive_in("nothing")


def test_pending_alerts_do_not_fire_and_only_firing_mails_count() -> None:
    alerts = [
        {"labels": {"alertname": "KafkaDown"}, "state": "firing"},
        {"labels": {"alertname": "MongoDown"}, "state": "pending"},
    ]
    subjects = ["[firing] KafkaDown (page)", "[resolved] MongoDown (page)", "Segnalazione ricevuta"]

    assert firing({"data": {"alerts": alerts}}) == {"KafkaDown"}
    assert mails_about(subjects, {"KafkaDown", "MongoDown"}) == {"KafkaDown"}


def test_answers_of_prometheus_are_read() -> None:
    seen = {"data": {"result": [{"metric": {}, "value": [1764268000.1, "3"]}]}}
    rules = [{"name": "MongoDown", "state": "firing"}, {"name": "ReplicasMissing", "state": "pending"}]

    assert figure(seen) == 3
    assert figure({"data": {"result": []}}) == 0
    assert state({"data": {"groups": [{"rules": []}, {"rules": rules}]}}, "ReplicasMissing") == "pending"


@pytest.mark.parametrize(
    ("status", "retry_after", "is_failure"),
    [
        (200, None, False),
        (404, None, False),
        (503, "2", False),
        (503, None, True),
        (502, "2", True),
        (500, None, True),
        (0, None, True),
    ],
)
def test_only_a_503_with_retry_after_is_no_failure(
    status: int, retry_after: str | None, is_failure: bool
) -> None:
    counts = AnswerCounts()
    counts.note("GET /", status, retry_after)

    assert bool(counts.failed) is is_failure
    assert counts.answers.total() == 1


def test_requests_that_failed_are_named() -> None:
    counts = AnswerCounts()
    counts.note("GET /", 200, None)
    counts.require_no_failures("while nothing happened")
    counts.note("POST /v1/reports", 502, None)

    with pytest.raises(
        StepError, match="while it was rolled 1 requests failed: POST /v1/reports was answered 502"
    ):
        counts.require_no_failures("while it was rolled")


def test_the_gateways_log_has_the_addresses_that_it_tried() -> None:
    lines = [
        "nginx: [alert] something",
        '{"service":"intake","tried":"172.16.78.2:8080"}',
        '{"service":"routing","tried":"172.16.78.9:8080"}',
        '{"service":"intake","tried":"172.16.78.3:8080, 172.16.78.4:8080"}',
        '{"service":"intake","tried":"-"}',
    ]
    assert answered_by(lines, "intake") == {"172.16.78.2", "172.16.78.3", "172.16.78.4", "-"}


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("failed to mount overlay: operation not permitted", True),
        ("Devices cgroup isn't mounted: cgroup mountpoint does not exist", True),
        ("iptables: Failed to initialize nft: Protocol not supported", True),
        ("unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character", False),
        ("pid file found, ensure docker is not running", False),
    ],
)
def test_a_machine_that_allows_no_engine_is_distinguished_from_an_error(said: str, refused: bool) -> None:
    assert is_refusal(said) is refused


def test_an_image_without_a_substitute_is_named() -> None:
    assert [one.folder for one in stand_ins({"mongo:8.0.32-noble", "apache/kafka:4.3.1"})] == [
        "kafka",
        "mongo",
    ]
    with pytest.raises(StepError, match="nothing stands in for redis:7"):
        stand_ins({"redis:7"})


def test_every_image_that_is_not_built_here_is_found() -> None:
    services: dict[str, dict[str, Any]] = {
        "a": {"image": "mongo:8", "build": {}},
        "b": {"image": "mongo:8"},
        "c": {"image": "kafka:4"},
    }
    dockerfile = "FROM python:3.11 AS packages\nFROM packages AS runtime\nCOPY --from=packages /a /a\n"

    assert public_images(services, dockerfile) == {"python:3.11", "mongo:8", "kafka:4"}


def test_a_variable_of_env_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# what it is\nASCOLTO_VERSION=dev\nASCOLTO_PORT=8080\n")
    deployment = Deployment(tmp_path)

    deployment.put({"ASCOLTO_VERSION": "second"})

    assert deployment.env_file.read_text() == "# what it is\nASCOLTO_PORT=8080\nASCOLTO_VERSION=second\n"
    assert (deployment.value("ASCOLTO_VERSION"), deployment.value("ASCOLTO_PORT")) == ("second", "8080")


def test_a_failed_command_shows_the_end_of_its_output() -> None:
    with pytest.raises(StepError, match="ended with 3:\nlast words"):
        run(["sh", "-c", "echo last words >&2; exit 3"])
    with pytest.raises(StepError, match="did not end within 0 s"):
        run(["sleep", "10"], seconds=0.1)
    assert fails(["sh", "-c", "echo no >&2; exit 1"]) == "no"
    assert fails(["true"]) == ""
    assert "No such file" in fails(["a-program-that-is-not-there"])


def test_a_removal_is_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.compose.deployment.PAUSE_SECONDS", 0.0)
    left = ["has active endpoints", "has active endpoints"]

    def remove() -> None:
        if left:
            raise StepError(left.pop())

    retrying(remove)
    assert not left

    def never() -> None:
        raise StepError("is in use")

    with pytest.raises(StepError, match="is in use"):
        retrying(never)
