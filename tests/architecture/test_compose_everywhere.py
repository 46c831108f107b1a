"""Every combination of profiles and overlays keeps the rules; rules that only files can show are tested on the files."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.architecture.compose_files import BASE, COMMON, GATEWAY, INSIDE, OUTSIDE, OVERLAYS, PARTS, ROOT
from tests.architecture.test_compose import (
    RULES,
    Deployment,
    _compose,
    _files,
    _keeps_secrets_to_its_own,
    _make_secrets,
    _settings,
)

from contracts.permissions import SERVICES

FILES = (BASE, COMMON, *PARTS, *OVERLAYS)
KAFKAS = ("kafka", "kafka-2", "kafka-3")
MONGOS = ("mongo", "mongo-2", "mongo-3")
TRUSTING = (*SERVICES, "inbound", "watcher", "provision", "mongo-init", "backup", "restore")
# Each profile with one container that exists only with it.
PROFILES = {
    "dev": "mailbox",
    "ha": "kafka-2",
    "mail": "inbound",
    "observability": "grafana",
    "tools": "backup",
}
# The secrets that an overlay adds, by container.
MORE_SECRETS = {
    GATEWAY: {"gateway": {"gateway_certificate", "gateway_certificate_key"}},
    INSIDE: {
        **{name: {"engines_ca"} for name in TRUSTING},
        **{name: {"engines_ca", "kafka_certificate"} for name in KAFKAS},
        **{name: {"engines_ca", "mongo_certificate"} for name in MONGOS},
    },
    OUTSIDE: {name: {"kafka_outside_certificate"} for name in KAFKAS},
}
SWITCHES = "ASCOLTO_CERTIFICATE={0} ASCOLTO_CERTIFICATE_KEY={0} KAFKA_OUTSIDE_CERTIFICATE={0} KAFKA_OUTSIDE_NAME=kafka.example.org KAFKA_OUTSIDE_PORT=9094"
# Profiles are independent, so each alone and all together represent the rest.
COMBINATIONS = [
    # `make unit` reads no overlay and all of them, `make test` every choice.
    pytest.param(profiles, overlays, marks=() if len(set(overlays)) == 1 else pytest.mark.slow)
    for profiles in product((False, True), repeat=len(PROFILES))
    if sum(profiles) in (0, 1, len(PROFILES))
    for overlays in product((False, True), repeat=len(OVERLAYS))
]
READ: dict[tuple[Path, str, tuple[str, ...]], str] = {}
EVERY_PROFILE = (True,) * len(PROFILES)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `.env` and secrets that sets everything an overlay needs."""
    folder = tmp_path_factory.mktemp("everywhere")
    _make_secrets(folder)
    with (folder / ".env").open("a") as env:
        env.write(f"ASCOLTO_SECRETS={folder / 'secrets'}\n")
        env.write("\n".join(SWITCHES.format(folder / "invented.pem").split()) + "\n")
    return folder


def deployment(prepared: Path, profiles: tuple[bool, ...], overlays: tuple[str, ...]) -> Deployment:
    """The deployment as Compose reads it with these profiles and overlays."""
    chosen = [name for name, on in zip(PROFILES, profiles, strict=True) if on]
    env = prepared / "chosen.env"
    said = re.sub(
        r"(?m)^COMPOSE_PROFILES=.*$", f"COMPOSE_PROFILES={','.join(chosen)}", (prepared / ".env").read_text()
    )
    env.write_text(said + ("ASCOLTO_REPLICAS=3\n" if "ha" in chosen else ""))
    key = (prepared, env.read_text(), overlays)
    if key not in READ:
        files = [word for file in (BASE, *overlays) for word in ("-f", file)]
        done = _compose(*files, "config", "--format", "json", env_file=env)
        assert (done.returncode, done.stderr) == (0, "")
        READ[key] = done.stdout
    found: Deployment = json.loads(READ[key])
    return found


def secrets_wanted(name: str, overlays: tuple[str, ...]) -> set[str]:
    """The secrets that overlays give to a container."""
    return set().union(*(MORE_SECRETS[overlay].get(name, set()) for overlay in overlays))


def offenders(whole: Deployment, overlays: tuple[str, ...]) -> Iterator[str]:
    """The rules that are broken, by container; secrets added by overlays are removed before their rule is tested."""
    for (rule, keeps), (name, spec) in product(RULES.items(), whole["services"].items()):
        more = secrets_wanted(name, overlays)
        plain = spec | {"secrets": [one for one in spec.get("secrets", ()) if one["source"] not in more]}
        asked = plain if keeps is _keeps_secrets_to_its_own else spec
        allowed = OUTSIDE in overlays and name in KAFKAS and EXCEPT_OUTSIDE.get(rule)
        if not (more <= _files(spec) and (allowed(spec) if allowed else keeps(name, asked, whole))):
            yield f"{name} {rule}"


def _is_published_as_configured(spec: Deployment) -> bool:
    return [(port["host_ip"], port["target"]) for port in spec["ports"]] == [("127.0.0.1", 9094)]


# A broker with an outside listener is published, on loopback by default, and on a network for it.
EXCEPT_OUTSIDE: dict[str, Callable[[Deployment], bool]] = {
    "is published on this machine only": _is_published_as_configured,
    "is on inner networks": lambda spec: set(spec["networks"]) == {"inside", "outside"},
}


def jobs_without_a_dependent(whole: Deployment) -> set[str]:
    """One-shot jobs that start by themselves and that no container waits for."""
    services = whole["services"]
    waited = {
        other
        for spec in services.values()
        for other, how in spec.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    return {
        name for name, spec in services.items() if spec.get("restart") == "no" and not spec.get("profiles")
    } - waited


def vague_dependencies(whole: Deployment) -> set[str]:
    """Dependencies without a condition."""
    good = {"service_healthy", "service_completed_successfully"}
    return {
        name
        for name, spec in whole["services"].items()
        if any(how["condition"] not in good for how in spec.get("depends_on", {}).values())
    }


def secrets_without_a_file(whole: Deployment) -> set[str]:
    """Secrets that are not files."""
    return {name for name, one in whole["secrets"].items() if set(one) != {"name", "file"}}


@pytest.mark.parametrize(("profiles", "overlays"), COMBINATIONS)
def test_every_combination_keeps_every_rule(
    profiles: tuple[bool, ...], overlays: tuple[bool, ...], prepared: Path
) -> None:
    chosen = tuple(overlay for overlay, on in zip(OVERLAYS, overlays, strict=True) if on)
    whole = deployment(prepared, profiles, chosen)

    assert list(offenders(whole, chosen)) == []
    assert jobs_without_a_dependent(whole) == set()
    assert vague_dependencies(whole) == set()
    assert secrets_without_a_file(whole) == set()
    here = {profile for profile, name in PROFILES.items() if name in whole["services"]}
    assert here == {profile for profile, on in zip(PROFILES, profiles, strict=True) if on}


PLANTED: dict[str, tuple[Callable[[Deployment], Any], Callable[[Deployment], set[str]]]] = {
    "provision": (
        lambda whole: [
            spec["depends_on"].pop("provision", 0)
            for spec in whole["services"].values()
            if "depends_on" in spec
        ],
        jobs_without_a_dependent,
    ),
    "backup": (
        lambda whole: whole["services"]["backup"]["depends_on"]["mongo"].update(condition="service_started"),
        vague_dependencies,
    ),
    "mongo_admin": (
        lambda whole: whole["secrets"].update(mongo_admin={"name": "x", "environment": "X"}),
        secrets_without_a_file,
    ),
}


@pytest.mark.parametrize("named", PLANTED)
def test_what_breaks_a_rule_of_the_whole_is_named(named: str, prepared: Path) -> None:
    break_it, found = PLANTED[named]
    whole = copy.deepcopy(deployment(prepared, EVERY_PROFILE, ()))
    break_it(whole)
    assert found(whole) == {named}


def test_no_engine_waits_for_another_which_may_wait_for_its_vote(prepared: Path) -> None:
    services = deployment(prepared, EVERY_PROFILE, ())["services"]
    engines = [spec for name, spec in services.items() if re.fullmatch(r"(kafka|mongo)(-\d)?", name)]

    assert len(engines) == 6
    assert not any(spec.get("depends_on") for spec in engines)


WITH_EVERYTHING: list[tuple[str, Callable[[Deployment], Any]]] = [
    ("kafka-2 gets its own secrets and nobody else's", lambda s: s["secrets"].append({"source": "mongo_keyfile"})),
    ("kafka-3 is published on this machine only", lambda s: s["ports"][0].update(host_ip="0.0.0.0")),
    ("kafka is published on this machine only", lambda s: s["ports"].append({"host_ip": "127.0.0.1", "target": 9092})),
    ("kafka is on inner networks", lambda s: s["networks"].update(identity=None)),
    ("mongo-2 runs as an ordinary user", lambda s: s.pop("user")),
    ("mongo-3 touches nothing of the host", lambda s: s.update(volumes=[{"type": "bind", "source": "/"}])),
    ("intake gets its own secrets and nobody else's", lambda s: s["secrets"].append({"source": "engines_ca_key"})),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "broken"), WITH_EVERYTHING)
def test_a_container_that_breaks_a_rule_with_every_overlay_is_named(
    expected: str, broken: Callable[[Deployment], Any], prepared: Path
) -> None:
    whole = copy.deepcopy(deployment(prepared, EVERY_PROFILE, OVERLAYS))
    broken(whole["services"][expected.split(maxsplit=1)[0]])
    assert list(offenders(whole, OVERLAYS)) == [expected]


def test_three_of_each_know_one_another_and_everybody_knows_them(prepared: Path) -> None:
    services = deployment(prepared, EVERY_PROFILE, ())["services"]
    for number, name in enumerate(KAFKAS, 1):
        values = services[name]["environment"]
        assert (values["BROKER_ID"], values["BROKER_NAME"], values["BROKER_REPLICAS"]) == (
            str(number),
            name,
            "3",
        )
        assert values["BROKER_CONTROLLERS"] == "kafka:9093,kafka-2:9093,kafka-3:9093"
    for service in SERVICES:
        values = services[service]["environment"]
        assert values[f"{service.upper()}_KAFKA"] == "kafka:9092,kafka-2:9092,kafka-3:9092"
        assert values[f"{service.upper()}_MONGO_MEMBERS"] == "mongo:27017,mongo-2:27017,mongo-3:27017"
    assert services["provision"]["environment"]["ASCOLTO_REPLICAS"] == "3"
    assert services["mongo-init"]["command"][-1] == "mongo:27017,mongo-2:27017,mongo-3:27017"
    for job, others in (("provision", KAFKAS), ("mongo-init", MONGOS)):
        waits = services[job]["depends_on"]
        assert {name: waits[name]["condition"] for name in others} == dict.fromkeys(others, "service_healthy")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_three_of_each_over_tls(
    service: str, prepared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = deployment(prepared, EVERY_PROFILE, OVERLAYS)["services"][service]["environment"]
    ca = tmp_path / "ca.pem"
    ca.touch()
    for name, value in values.items():
        monkeypatch.setenv(name, str(ca) if value == "/run/secrets/engines_ca" else value)
    settings = _settings(service)(_secrets_dir=prepared / "secrets")

    assert (settings.connection.protocol, settings.connection.ca) == ("SASL_SSL", str(ca))
    assert f"@{values[f'{service.upper()}_MONGO_MEMBERS']}/{service}?" in settings.store
    assert settings.store.startswith(f"mongodb://{service}:")
    assert settings.store.endswith(f"&replicaSet=rs0&tls=true&tlsCAFile={str(ca).replace('/', '%2F')}")


def vague_variables(text: str) -> set[str]:
    """Variables of a compose file that are optional, have no default, and have no message when they are missing."""
    body = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).replace(
        "$$", ""
    )
    asked = re.findall(r"\$\{?(\w+)((?::?[-+?])[^}]*)?", body)
    return {name for name, how in asked if not re.fullmatch(r":[-+].*|-.*|:\?.+", how, re.DOTALL)}


def has_a_version(text: str) -> bool:
    """Whether a compose file has a `version`, which Compose ignores."""
    return bool(re.search(r"(?m)^version\s*:", text))


@pytest.mark.parametrize("file", FILES)
def test_every_file_says_what_is_missing_and_no_version(file: str) -> None:
    text = (ROOT / file).read_text()
    assert vague_variables(text) == set()
    assert not has_a_version(text)


def test_all_compose_files_are_looked_at() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("*.yml"), *ROOT.glob("deploy/**/*.yml")]
        if re.search(r"(?m)^services:\n(?!  title:)", path.read_text()) and path.parent.name != "grafana"
    }
    assert found == set(FILES)


@pytest.mark.parametrize(
    "text", ["x: ${ABSENT}", "x: $ABSENT", "x: ${ABSENT:?}", "x: ${ABSENT?}", "x: a${ABSENT}b${C:?d}"]
)
def test_a_vague_variable_is_named(text: str) -> None:
    assert vague_variables(text) == {"ABSENT"}


def test_a_version_is_seen() -> None:
    assert has_a_version("# first\nversion: '3.8'\nservices: {}\n")


def test_every_variable_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    asked = {name for file in FILES for name in re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / file).read_text())}
    assert {name for name in asked if not re.search(rf"(?m)^#? ?{name}=", example)} == set()


@pytest.mark.parametrize(
    "values",
    [
        {"BROKER_NAME": "kafka-2", "BROKER_CONTROLLERS": "kafka:9093", "BROKER_REPLICAS": "1"},
        {"BROKER_NAME": "kafka", "BROKER_CONTROLLERS": "kafka:9093,kafka-2:9093", "BROKER_REPLICAS": "1"},
        {"BROKER_NAME": "kafka", "BROKER_CONTROLLERS": "kafka:9093", "BROKER_REPLICAS": "3"},
    ],
)
def test_a_broker_with_half_of_the_ha_settings_fails(values: dict[str, str]) -> None:
    start = ROOT / "deploy" / "kafka" / "start.sh"
    env = {"PATH": "/usr/bin:/bin", "BROKER_ID": "2"} | values
    done = subprocess.run(["bash", start], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the profile ha and ASCOLTO_REPLICAS=3 belong together" in done.stderr


def test_certificates_are_made_once_and_never_mounted_with_the_authority_s_key(prepared: Path) -> None:
    folder = prepared / "secrets"
    command = [sys.executable, str(ROOT / "deploy" / "compose" / "certificates.py"), "--folder", str(folder)]
    before = set(folder.iterdir())
    first = subprocess.run(command, check=True, capture_output=True, text=True)
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    whole = deployment(prepared, EVERY_PROFILE, (INSIDE,))

    made = {"engines_ca", "engines_ca_key", "kafka_certificate", "mongo_certificate"}
    assert {path.name for path in set(folder.iterdir()) - before} == made
    assert first.stdout == "certificates: created engines_ca, mongo_certificate, kafka_certificate\n"
    assert again.stdout == "certificates: all are valid for more than a month\n"
    assert (folder / "engines_ca_key").stat().st_mode & 0o777 == 0o400
    mounted = {Path(secret["file"]).name for secret in whole["secrets"].values()}
    assert made - {"engines_ca_key"} <= mounted
    assert "engines_ca_key" not in mounted
    for name in ("kafka_certificate", "mongo_certificate"):
        subprocess.run(
            ["openssl", "verify", "-CAfile", folder / "engines_ca", folder / name],
            check=True,
            capture_output=True,
        )
