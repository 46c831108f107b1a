"""The local stack keeps its promises with a real Kafka, a real mongod and a real mail server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pymongo import MongoClient
from pymongo.errors import ServerSelectionTimeoutError

from stack.mailbox import BEHAVIOUR, read_mails
from stack.ports import HOST, Ports
from stack.processes import Child, StackError
from stack.system import System
from stack.tools import Tools, base_environment

pytestmark = pytest.mark.engines


@pytest.fixture
def system(tmp_path: Path, tools: Tools) -> Iterator[System]:
    system = System(tmp_path / "state")
    yield system
    system.stop()


def running(system: System) -> dict[str, int]:
    return {s.name: s.pid for s in system.statuses() if s.pid is not None}


def store(system: System, patience: int = 5000) -> MongoClient[dict[str, Any]]:
    return MongoClient(system.mongod.admin, serverSelectionTimeoutMS=patience)


def save_one(system: System) -> None:
    with store(system) as client, client.start_session() as session, session.start_transaction():
        client["kept"]["things"].insert_one({"_id": "one"}, session=session)


def count_saved(system: System, patience: int = 5000) -> int:
    with store(system, patience) as client:
        return client["kept"]["things"].count_documents({})


def publish_one(system: System) -> None:
    admin = AdminClient(system.kafka.admin.librdkafka())
    admin.create_topics([NewTopic("kept", 3, 1)])["kept"].result(10)
    producer = Producer(system.kafka.admin.librdkafka() | {"enable.idempotence": True})
    producer.produce("kept", b"value", b"key")
    assert producer.flush(10) == 0


def topics(system: System) -> set[str]:
    return set(AdminClient(system.kafka.admin.librdkafka()).list_topics(timeout=10).topics)


async def send(port: int, text: str = "Il quadro è pronto.", to: str = "anna@example.org") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "ascolto@example.org",
        to,
        "La sua segnalazione è arrivata",
    )
    message["Message-ID"] = "<one@ascolto>"
    message.set_content(text)
    await aiosmtplib.send(message, hostname=HOST, port=port, start_tls=False)


def test_engines_keep_data_and_ports_and_a_second_start_does_nothing(system: System) -> None:
    system.start_engines()
    first, addresses = running(system), system.addresses()
    assert set(first) == {"kafka", "mongod"}
    save_one(system)
    publish_one(system)
    system.start_engines()
    assert running(system) == first
    system.kafka.kill()
    system.mongod.kill()
    assert running(system) == {}
    system.start_engines()
    assert system.addresses() == addresses
    assert set(running(system).values()).isdisjoint(first.values())
    assert count_saved(system) == 1
    assert "kept" in topics(system)
    system.stop()
    assert running(system) == {}


def test_a_busy_port_is_replaced_and_the_data_stay(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.mongod.start()
    save_one(system)
    system.mongod.stop()
    port = system.mongod.port
    command = [sys.executable, "-m", "http.server", "--bind", HOST, str(port)]
    squatter = Child("squatter", system.root / "squatter")
    squatter.start(command, base_environment())
    squatter.wait_until(lambda: str(port) in squatter.log.read_text(), 20)
    try:
        system.mongod.start()
        assert system.mongod.port != port
        assert count_saved(system) == 1
        assert f"Port {port}" in capsys.readouterr().err
    finally:
        squatter.stop()


def test_a_paused_engine_goes_on_where_it_was(engines: System) -> None:
    save_one(engines)
    engines.mongod.pause()
    with pytest.raises(ServerSelectionTimeoutError):
        count_saved(engines, patience=300)
    engines.mongod.resume()
    assert count_saved(engines) == 1


def test_down_ends_only_what_it_started(system: System) -> None:
    system.start_mailbox()
    stranger = Child("mailbox", system.root.parent / "elsewhere")
    port = Ports(stranger.folder).claim("smtp")
    folder = str(stranger.folder / "mails")
    stranger.start(
        [sys.executable, "-m", "stack.mailbox", "--port", str(port), "--folder", folder], base_environment()
    )
    system.stop()
    try:
        assert not system.mailbox.alive()
        assert stranger.alive()
    finally:
        stranger.stop()


def test_a_stale_pidfile_whose_pid_is_used_again_kills_nobody(tmp_path: Path) -> None:
    bystander = Child("bystander", tmp_path)
    pid = bystander.start([sys.executable, "-c", "import time; time.sleep(60)"], base_environment())
    stale = Child("stale", tmp_path)
    boot, _, born = bystander.pidfile.read_text().removeprefix(f"{pid} ").partition(" ")
    stale.pidfile.write_text(f"{pid} {boot} {int(born) - 1}\n")
    assert not stale.alive()
    stale.stop()
    stale.kill()
    assert bystander.pid() == pid
    bystander.kill()
    assert not bystander.alive()


def test_a_child_that_ignores_a_request_is_killed_at_the_deadline(tmp_path: Path) -> None:
    deaf = Child("deaf", tmp_path)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    pid = deaf.start([sys.executable, "-c", code], base_environment())
    deaf.wait_until(lambda: "up" in deaf.log.read_text(), 10)
    deaf.stop(deadline=0.3)
    assert not Path(f"/proc/{pid}").exists()


def test_a_child_that_dies_at_once_is_reported_with_its_last_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = Child("fragile", tmp_path)
    child.start([sys.executable, "-c", "raise SystemExit('no such database')"], base_environment())
    with pytest.raises(StackError, match="ended before it was ready"):
        child.wait_until(lambda: False, 10)
    assert "no such database" in capsys.readouterr().err


def test_a_child_outlives_the_command_that_started_it_and_is_found_by_the_next(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from stack.processes import Child;"
        f"Child('lasting', Path({str(tmp_path)!r})).start([sys.executable, '-c', 'import time; time.sleep(60)'], {{}})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    lasting = Child("lasting", tmp_path)
    pid = lasting.pid()
    assert pid is not None
    assert os.getsid(pid) == pid
    lasting.stop()
    assert not lasting.alive()


FAKE_SERVICE = """
import http.server, json, os, pathlib
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
http.server.HTTPServer((os.environ["NOTIFY_HOST"], int(os.environ["NOTIFY_PORT"])), Door).serve_forever()
"""


def test_a_service_knows_its_surroundings_and_nothing_of_our_shell(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notify").mkdir()
    (tmp_path / "notify" / "__init__.py").touch()
    (tmp_path / "notify" / "__main__.py").write_text(FAKE_SERVICE)
    monkeypatch.setenv("ROUTING_KAFKA", "somewhere else")
    system.start_service("notify", 1, {"CRASH_AT": "nowhere", "PYTHONPATH": str(tmp_path)})
    known = httpx.get(f"{system.url('notify', 1)}/health/ready", trust_env=False).json()
    assert known["NOTIFY_KAFKA"] == system.kafka.address
    assert known["NOTIFY_INTAKE_URL"] == system.url("intake")
    assert known["NOTIFY_PUBLIC_URL"] == system.public_url
    assert known["CRASH_AT"] == "nowhere"
    assert {name.partition("_")[0] for name in known} <= {
        "NOTIFY",
        "CRASH",
        "PATH",
        "HOME",
        "LANG",
        "LC",
        "CI",
    } | {
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
    }
    for secret in (Path(known["NOTIFY_CLIENT_SECRET"]), Path(known["NOTIFY_SECRET"])):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert "notify-1" in running(system)
    system.kill_service("notify", 1)
    assert running(system) == {}


async def test_the_mailbox_keeps_a_message_as_it_came(system: System) -> None:
    system.start_mailbox()
    await send(Ports(system.mailbox.folder)["smtp"])
    [mail] = read_mails(system.mails)
    assert (mail.to, mail.message_id) == ("anna@example.org", "<one@ascolto>")
    assert mail.subject == "La sua segnalazione è arrivata"
    assert mail.body.strip() == "Il quadro è pronto."


async def test_the_mailbox_misbehaves_as_it_is_asked(system: System) -> None:
    system.start_mailbox()
    port = Ports(system.mailbox.folder)["smtp"]
    asked = {
        "reject_rcpt_containing": "bounce",
        "temporary_failures": 1,
        "delay_seconds": 0.2,
        "drop_reply_after_store": 1,
    }
    (system.mails / BEHAVIOUR).write_text(json.dumps(asked))
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(port, to="bounce@example.org")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(port)
    assert refused.value.code == 451
    assert read_mails(system.mails) == []
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPReadTimeoutError)):
        await send(port)
    start = time.monotonic()
    await send(port)
    assert time.monotonic() - start >= 0.2
    assert len(read_mails(system.mails)) == 2
    assert system.mailbox.alive()
