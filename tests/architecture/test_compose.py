"""The deployment keeps its rules, and each rule detects a violation."""

import copy
import importlib
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from tests.architecture.compose_files import BASE, COMMON, GATEWAY, PARTS, REPLICA_OF, ROOT

from chassis.settings import ServiceSettings
from contracts.connection import Connection
from contracts.permissions import ADMIN, KAFKA_USERS, MONGO, SERVICES

JOBS = {"provision", "mongo-init", "backup", "restore", "ops"}
OWN = {*SERVICES, *REPLICA_OF, *JOBS, "watcher", "issuer"}
LOOKED_AT = {"prometheus", "alertmanager", "grafana"}
PUBLISHED = {"gateway", "inbound", "mailbox", "issuer", *LOOKED_AT}
WAITS_FOR = {
    "kafka": "service_healthy",
    "mongo": "service_healthy",
    "provision": "service_completed_successfully",
    "mongo-init": "service_completed_successfully",
}
ENGINES_AND_JOBS = {
    "kafka": {f"{ADMIN}_kafka_password"},
    "provision": {f"{user}_kafka_password" for user in KAFKA_USERS},
    "mongo": {"mongo_keyfile"},
    "mongo-init": {"mongo_admin", *(f"{user}_mongo" for user in MONGO if user != ADMIN)},
    "issuer": {"issuer_clients"},
    "backup": {"backup_mongo", "backup_key"},
    "restore": {"backup_key", "mongo_admin", *(f"{user}_kafka_password" for user in KAFKA_USERS)},
    "watcher": {"watcher_mongo", "watcher_kafka_password"},
    "grafana": {"grafana_admin"},
}
WAY_OUT = {
    "front": {"gateway", *LOOKED_AT},
    "mail": {"notify", "inbound", "mailbox", "alertmanager"},
    "identity": {*SERVICES, "issuer", "ops"},
}
# Replicas of an engine follow the rules of the first one.
LIKE = {f"{engine}-{number}": engine for engine in ("kafka", "mongo") for number in (2, 3)}
EXACT_TAG = re.compile(r":v?\d+\.\d+\.\d+(-[a-z]+)?(@sha256:[0-9a-f]{64})?$")

Deployment = dict[str, Any]
Rule = Callable[[str, Deployment, Deployment], bool]


def _settings(service: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"{service}.settings").Settings
    return found


def _fields_of(name: str) -> dict[str, FieldInfo]:
    fields: dict[str, FieldInfo] = importlib.import_module(f"{name}.settings").Settings.model_fields
    return fields


def _files(spec: Deployment) -> set[str]:
    return {secret["source"] for secret in spec.get("secrets", ())}


def _received(service: str, spec: Deployment) -> set[str]:
    """The settings that a service receives: by its environment, or by a secret named like a variable."""
    fields = {f"{service}_{field}" for field in _fields_of(service)}
    values = {name.lower() for name in spec["environment"]} | (_files(spec) & fields)
    return {name.removeprefix(f"{service}_") for name in values}


def _receives_its_settings(name: str, spec: Deployment, _: Deployment) -> bool:
    name = REPLICA_OF.get(name, name)
    if name not in (*SERVICES, "watcher"):
        return True
    fields = _fields_of(name)
    needed = {field for field, info in fields.items() if info.is_required()}
    prefixed = all(variable.startswith(f"{name.upper()}_") for variable in spec["environment"])
    return prefixed and needed <= _received(name, spec) <= set(fields)


def _has_no_secret_in_sight(_: str, spec: Deployment, __: Deployment) -> bool:
    said = json.dumps([spec.get("environment"), spec.get("command"), spec.get("healthcheck")])
    named = any(re.search("PASSWORD|_TOKEN$|_MONGO$", variable) for variable in spec.get("environment") or ())
    return not named and "mongodb://" not in said


def _keeps_secrets_to_its_own(name: str, spec: Deployment, _: Deployment) -> bool:
    name = REPLICA_OF.get(name, name)
    if name in SERVICES:
        return _files(spec) == {f"{name}_{kind}" for kind in ("mongo", "kafka_password", "key", "client")}
    return _files(spec) == ENGINES_AND_JOBS.get(LIKE.get(name, name), set())


def _runs_as_ordinary_user(name: str, spec: Deployment, _: Deployment) -> bool:
    user = str(spec.get("user"))
    return user == "10001:10001" if name in OWN else bool(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user))


def _has_no_capabilities(_: str, spec: Deployment, __: Deployment) -> bool:
    dropped = spec.get("cap_drop") == ["ALL"] and not spec.get("cap_add") and not spec.get("privileged")
    shares = any(spec.get(key) for key in ("pid", "ipc", "devices", "userns_mode"))
    return dropped and not shares and "no-new-privileges:true" in spec.get("security_opt", ())


def _has_limits(_: str, spec: Deployment, __: Deployment) -> bool:
    limits = spec.get("deploy", {}).get("resources", {}).get("limits", {})
    return all(float(limits.get(what, 0)) > 0 for what in ("cpus", "memory", "pids"))


def _logs_within_bounds(_: str, spec: Deployment, __: Deployment) -> bool:
    return {"max-size", "max-file"} <= set(spec.get("logging", {}).get("options", ()))


def _is_an_exact_version(name: str, spec: Deployment, _: Deployment) -> bool:
    return "build" in spec if name in OWN else bool(EXACT_TAG.search(spec.get("image", "")))


def _has_a_health_check(name: str, spec: Deployment, _: Deployment) -> bool:
    check = spec.get("healthcheck", {})
    return name in JOBS or (_can_be_run(check.get("test") or []) and not check.get("disable"))


def _can_be_run(words: list[str]) -> bool:
    """Whether a health check is one short command and complete: a comma splits a command in a one-line list."""
    if words[:1] != ["CMD"] or words[1:2] == ["python"]:
        return False
    if words[1:3] != ["bash", "-c"]:
        return True
    return subprocess.run(["bash", "-n", "-c", words[3]], capture_output=True).returncode == 0


def _starts_in_order(name: str, spec: Deployment, _: Deployment) -> bool:
    waits = {other: how["condition"] for other, how in spec.get("depends_on", {}).items()}
    return waits == WAITS_FOR if name in (*SERVICES, *REPLICA_OF) else "service_started" not in waits.values()


def _stops_or_ends_in_order(name: str, spec: Deployment, _: Deployment) -> bool:
    restart = "no" if name in JOBS else "unless-stopped"
    return spec.get("restart") == restart and spec.get("stop_grace_period") == "40s"


def _is_reached_by_this_machine_only(name: str, spec: Deployment, _: Deployment) -> bool:
    ports = spec.get("ports", [])
    return not ports or (name in PUBLISHED and all(port.get("host_ip") == "127.0.0.1" for port in ports))


def _is_on_inner_networks(name: str, spec: Deployment, whole: Deployment) -> bool:
    if spec.get("network_mode"):
        return name == "mongo-init" and spec["network_mode"] == "service:mongo"
    outer = {net for net in spec.get("networks", ()) if not whole["networks"][net].get("internal")}
    return bool(spec.get("networks")) and all(name in WAY_OUT.get(net, ()) for net in outer)


def _touches_nothing_of_the_host(_: str, spec: Deployment, __: Deployment) -> bool:
    return all(volume["type"] == "volume" for volume in spec.get("volumes", ()))


RULES: dict[str, Rule] = {
    "receives exactly its settings": _receives_its_settings,
    "has no secret in its environment or command": _has_no_secret_in_sight,
    "gets its own secrets and nobody else's": _keeps_secrets_to_its_own,
    "runs as an ordinary user": _runs_as_ordinary_user,
    "has no capabilities": _has_no_capabilities,
    "has limits": _has_limits,
    "logs within bounds": _logs_within_bounds,
    "is an exact version": _is_an_exact_version,
    "has a health check": _has_a_health_check,
    "starts in order": _starts_in_order,
    "stops in order": _stops_or_ends_in_order,
    "is published on this machine only": _is_reached_by_this_machine_only,
    "is on inner networks": _is_on_inner_networks,
    "touches nothing of the host": _touches_nothing_of_the_host,
    "cannot write to its image": lambda _, spec, __: spec.get("read_only") is True,
    "has an init": lambda _, spec, __: spec.get("init") is True,
    "waits two seconds for a name": lambda _, spec, __: spec.get("dns_opt") == ["timeout:1", "attempts:2"],
}


def _offenders(rule: str, deployment: Deployment) -> Iterator[str]:
    for name, spec in deployment["services"].items():
        if not RULES[rule](name, spec, deployment):
            yield name


def _make_secrets(folder: Path) -> str:
    script = ROOT / "deploy" / "compose" / "secrets.py"
    places = ["--folder", str(folder / "secrets"), "--env", str(folder / ".env")]
    return subprocess.run(
        [sys.executable, str(script), *places], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new `.env` and new secrets, as an installation creates them."""
    folder = tmp_path_factory.mktemp("deployment")
    _make_secrets(folder)
    with (folder / ".env").open("a") as env:
        env.write(f"ASCOLTO_SECRETS={folder / 'secrets'}\n")
    return folder


def _compose(*words: str | Path, env_file: Path) -> subprocess.CompletedProcess[str]:
    binary = Path(sysconfig.get_path("scripts")) / "docker-compose"
    if not binary.exists():
        pytest.fail(f"{binary} is missing: run `make setup`")
    asked = [binary, "--project-directory", ROOT, "--env-file", env_file, *words]
    surroundings = {"PATH": "/usr/bin:/bin", "HOME": str(env_file.parent)}
    return subprocess.run(asked, env=surroundings, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def deployment(prepared: Path) -> Deployment:
    """docker-compose.yml as Compose reads it, with every profile."""
    done = _compose("--profile", "*", "config", "--format", "json", env_file=prepared / ".env")
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "Compose has nothing to warn about"
    found: Deployment = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("rule", RULES)
def test_every_container(rule: str, deployment: Deployment) -> None:
    assert list(_offenders(rule, deployment)) == []


def _drop(*keys: str) -> Callable[[Deployment], Any]:
    return lambda spec: [spec.pop(key) for key in keys]


def _put(**values: Any) -> Callable[[Deployment], Any]:
    return lambda spec: spec.update(values)


BROKEN: list[tuple[str, str, Callable[[Deployment], Any]]] = [
    ("receives exactly its settings", "intake", lambda s: s["environment"].pop("INTAKE_ISSUER")),
    ("receives exactly its settings", "notify", lambda s: s["environment"].pop("NOTIFY_SMTP_HOST")),
    ("receives exactly its settings", "intake", lambda s: s["environment"].update(INTAKE_KAFKAA="x")),
    ("receives exactly its settings", "routing", lambda s: s["environment"].update(PORT="8080")),
    ("receives exactly its settings", "routing", lambda s: s["secrets"].pop(0)),
    ("receives exactly its settings", "watcher", lambda s: s["environment"].pop("WATCHER_KAFKA")),
    ("has no secret in its environment or command", "intake", _put(environment={"INTAKE_MONGO": "x"})),
    ("has no secret in its environment or command", "mongo-init", _put(command=["mongodb://a:b@mongo"])),
    ("gets its own secrets and nobody else's", "routing", _put(secrets=[{"source": "intake_mongo"}])),
    ("gets its own secrets and nobody else's", "inbound", _put(secrets=[{"source": "notify_mongo"}])),
    ("gets its own secrets and nobody else's", "kafka", _put(secrets=[{"source": "issuer_clients"}])),
    ("gets its own secrets and nobody else's", "backup", _put(secrets=[{"source": "mongo_admin"}])),
    ("gets its own secrets and nobody else's", "provision", _put(secrets=[{"source": "mongo_admin"}])),
    ("runs as an ordinary user", "intake", _drop("user")),
    ("runs as an ordinary user", "mongo", _put(user="0:0")),
    ("has no capabilities", "kafka", _put(cap_add=["NET_ADMIN"])),
    ("has no capabilities", "mailbox", _drop("cap_drop")),
    ("has no capabilities", "mongo", _put(privileged=True)),
    ("has no capabilities", "notify", _drop("security_opt")),
    ("has limits", "intake", lambda s: s["deploy"]["resources"]["limits"].pop("pids")),
    ("logs within bounds", "mongo", _drop("logging")),
    ("is an exact version", "kafka", _put(image="apache/kafka:latest")),
    ("is an exact version", "mongo", _put(image="mongo:8.0")),
    ("has a health check", "mailbox", _drop("healthcheck")),
    ("has a health check", "issuer", _put(healthcheck={"test": ["CMD", "bash", "-c", 'echo "(1', '2)"']})),
    ("has a health check", "intake", _put(healthcheck={"test": ["CMD", "python", "-c", "pass"]})),
    ("starts in order", "subsidies", lambda s: s["depends_on"].pop("mongo-init")),
    ("starts in order", "provision", _put(depends_on={"kafka": {"condition": "service_started"}})),
    ("stops in order", "intake", _put(stop_grace_period="10s")),
    ("stops in order", "provision", _put(restart="always")),
    ("is published on this machine only", "gateway", _put(ports=[{"target": 8080, "published": "8080"}])),
    ("is published on this machine only", "intake", _put(ports=[{"host_ip": "127.0.0.1"}])),
    ("is published on this machine only", "watcher", _put(ports=[{"host_ip": "127.0.0.1"}])),
    ("is published on this machine only", "grafana", _put(ports=[{"target": 3000, "published": "3000"}])),
    ("is published on this machine only", "mongo", _put(ports=[{"host_ip": "127.0.0.1"}])),
    ("is on inner networks", "mongo", _put(networks={"mail": None})),
    ("is on inner networks", "inbound", _put(networks={"identity": None})),
    ("is on inner networks", "kafka", _put(network_mode="host")),
    ("touches nothing of the host", "kafka", _put(volumes=[{"type": "bind", "source": "/"}])),
    ("cannot write to its image", "routing", _put(read_only=False)),
    ("has an init", "routing", _drop("init")),
    ("waits two seconds for a name", "watcher", _drop("dns_opt")),
]


@pytest.mark.parametrize(("rule", "name", "broken"), BROKEN)
def test_a_container_that_breaks_a_rule_is_named(
    rule: str, name: str, broken: Callable[[Deployment], Any], deployment: Deployment
) -> None:
    planted = copy.deepcopy(deployment)
    broken(planted["services"][name])
    assert list(_offenders(rule, planted)) == [name]


def test_every_rule_detects_a_violation() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_read_its_settings(
    service: str, deployment: Deployment, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in deployment["services"][service]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = _settings(service)(_secrets_dir=prepared / "secrets")
    assert settings.store == settings.mongo, "in a set of one the members are those of the connection string"
    assert settings.mongo.startswith(f"mongodb://{service}:")
    assert settings.mongo.endswith(f"@mongo:27017/{service}?authSource={service}&replicaSet=rs0")
    password = (prepared / "secrets" / f"{service}_kafka_password").read_text().strip()
    assert settings.connection == Connection("kafka:9092", service, password)
    assert settings.port == 8080
    assert settings.secret == Path(f"/run/secrets/{service}_key")


@pytest.mark.parametrize("service", SERVICES)
def test_forwarded_headers_are_trusted_from_the_gateways_network_only(
    service: str, deployment: Deployment
) -> None:
    believed = deployment["services"][service]["environment"][f"{service.upper()}_PROXIES"]
    members = {name for name, spec in deployment["services"].items() if "served" in spec.get("networks", ())}

    assert [one["subnet"] for one in deployment["networks"]["served"]["ipam"]["config"]] == [believed]
    assert members == {*SERVICES, "gateway"}


def test_the_gateway_and_the_services_answer_for_the_hosts_that_the_installation_names(
    deployment: Deployment, prepared: Path
) -> None:
    file = prepared / "hosts.env"
    file.write_text((prepared / ".env").read_text() + "ASCOLTO_HOSTS=www.example.org\n")
    named = json.loads(_compose("config", "--format", "json", env_file=file).stdout)

    for whole, hosts in ((deployment, ""), (named, "www.example.org")):
        values = {whole["services"]["gateway"]["environment"]["GATEWAY_HOSTS"]}
        values |= {whole["services"][name]["environment"][f"{name.upper()}_HOSTS"] for name in SERVICES}
        assert values == {f"http://127.0.0.1:8080,{hosts}"}


def test_what_asks_services_for_operators_reaches_them_and_the_issuer_and_no_engine(
    deployment: Deployment,
) -> None:
    ops = deployment["services"]["ops"]
    others = (*SERVICES, "issuer")

    assert set(ops["networks"]) == {"identity"}
    assert all("identity" in deployment["services"][name]["networks"] for name in others)
    assert "depends_on" not in ops, "it runs beside whatever still runs"


def test_a_part_reads_variables_of_the_installation_only(prepared: Path, tmp_path: Path) -> None:
    for file in (BASE, COMMON, *PARTS):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((ROOT / file).read_text())
    text = (prepared / ".env").read_text()
    (tmp_path / ".env").write_text(text)
    other = tmp_path / "other.env"
    other.write_text("".join(line for line in text.splitlines(True) if not line.startswith("MAILBOX_PORT=")))

    done = _compose("--project-directory", tmp_path, "-f", tmp_path / BASE, "config", env_file=other)

    assert "MAILBOX_PORT is missing a value" in done.stderr


def test_who_watches_reaches_metrics_and_no_engine(deployment: Deployment) -> None:
    members = {name for name, spec in deployment["services"].items() if "watched" in spec.get("networks", ())}

    assert members == {*SERVICES, *REPLICA_OF, "watcher", *LOOKED_AT}
    for name in LOOKED_AT:
        assert "inside" not in deployment["services"][name]["networks"]


def test_the_gateway_takes_certificates(prepared: Path) -> None:
    file = prepared / "tls.env"
    made = "".join(f"ASCOLTO_CERTIFICATE{word}={prepared}/invented.pem\n" for word in ("", "_KEY"))
    file.write_text((prepared / ".env").read_text() + made)
    files = ("-f", BASE, "-f", GATEWAY)
    done = _compose(*files, "config", "--format", "json", env_file=file)

    gateway = json.loads(done.stdout)["services"]["gateway"]
    assert [port["target"] for port in gateway["ports"]] == [8443]
    assert {one["target"] for one in gateway["configs"]} == {
        "/etc/nginx/nginx.conf",
        "/etc/ascolto/start.sh",
        "/etc/ascolto/answers.conf",
        "/etc/ascolto/locations.conf",
        "/etc/nginx/tls/tls.conf",
    }
    assert _files(gateway) == {"gateway_certificate", "gateway_certificate_key"}


def test_secrets_are_readable_in_containers_and_closed_to_other_users_of_the_machine(prepared: Path) -> None:
    folder = prepared / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}


def test_every_secret_that_compose_mounts_is_made(deployment: Deployment, prepared: Path) -> None:
    mounted = {Path(secret["file"]) for secret in deployment["secrets"].values()}
    assert mounted == set((prepared / "secrets").iterdir())


def test_making_secrets_again_changes_nothing(prepared: Path) -> None:
    before = {path: path.read_bytes() for path in (prepared / "secrets").iterdir()}
    assert _make_secrets(prepared) == "secrets: nothing to create\n"
    assert {path: path.read_bytes() for path in (prepared / "secrets").iterdir()} == before


def test_a_clients_secret_that_was_lost_is_the_one_that_the_issuer_knows(prepared: Path) -> None:
    lost = prepared / "secrets" / "notify_client"
    before = lost.read_text()
    lost.unlink()
    assert _make_secrets(prepared) == "secrets: created notify_client\n"
    assert lost.read_text() == before


def test_an_older_file_of_clients_gets_the_missing_ones_and_keeps_its_secrets(prepared: Path) -> None:
    clients = prepared / "secrets" / "issuer_clients"
    before = json.loads(clients.read_text())
    clients.chmod(0o644)
    clients.write_text(json.dumps({"ascolto-ops": before["ascolto-ops"]}))
    (prepared / "secrets" / "intake_client").unlink()

    assert _make_secrets(prepared) == "secrets: created issuer_clients, intake_client\n"

    after = json.loads(clients.read_text())
    assert after["ascolto-ops"] == before["ascolto-ops"]
    assert set(after) == set(before)
    assert after["ascolto-intake"]["secret"] == (prepared / "secrets" / "intake_client").read_text().strip()
    assert after["ascolto-intake"]["back"] == "/segnalazioni/accesso/ritorno"


def test_a_missing_variable_is_named_with_what_it_is_for(prepared: Path) -> None:
    partial = prepared / "partial.env"
    lines = (prepared / ".env").read_text().splitlines()
    partial.write_text("\n".join(line for line in lines if not line.startswith("SMTP_HOST=")))
    done = _compose("config", "--quiet", env_file=partial)
    assert done.returncode != 0
    assert "SMTP_HOST is missing a value: the mail server" in done.stderr


@pytest.mark.parametrize("field", ["KAFKA_USER", "KAFKA_PASSWORD"])
def test_a_user_without_a_password_is_named_and_the_other_way_round(
    field: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in deployment["services"]["routing"]["environment"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROUTING_MONGO", "mongodb://somewhere")
    monkeypatch.setenv("ROUTING_KAFKA_PASSWORD", "invented")
    monkeypatch.delenv(f"ROUTING_{field}")

    with pytest.raises(ValueError, match=f"{field.lower()} is missing: give both"):
        _settings("routing")(_secrets_dir=tmp_path)
