"""Writes an override that pins every public image of the deployment by the current digest of its tag.

The owner of an image can move a tag, but not a digest. The digests come from the registry, through the docker command;
without a reachable registry nothing is written.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
SECONDS = 60

Ask = Callable[[str], str]


class Unknown(Exception):
    """The reason for which the digest of an image is unknown."""


def public_images(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The images that are pulled rather than built, by service."""
    services = deployment["services"].items()
    return {name: spec["image"].partition("@")[0] for name, spec in services if "build" not in spec}


def digest_of(answer: str) -> str:
    """The digest of the multi-platform image in the JSON output of `docker buildx imagetools inspect`."""
    try:
        digest = json.loads(answer)["manifest"]["digest"]
    except (ValueError, KeyError, TypeError):
        raise Unknown(f"the output has no digest: {answer.strip()[:80]!r}") from None
    if not DIGEST.fullmatch(str(digest)):
        raise Unknown(f"{digest!r} is not a digest")
    return str(digest)


def override(images: Mapping[str, str], ask: Ask) -> str:
    """The content of the override; calls `ask` once for each image and raises Unknown with the image's name."""
    known: dict[str, str] = {}
    for image in sorted(set(images.values())):
        try:
            known[image] = f"{image}@{digest_of(ask(image))}"
        except Unknown as why:
            raise Unknown(f"{image}: {why}") from None
    lines = [f"  {name}: {{image: {known[image]!r}}}" for name, image in sorted(images.items())]
    head = "# Written by `make digests`: the digests of the tags at that time. Put it last in COMPOSE_FILE; write it again after an upgrade."
    return "\n".join([head, "services:", *lines, ""])


def ask_registry(image: str) -> str:
    """The registry's answer about an image; raises Unknown with docker's error."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .}}", image]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except FileNotFoundError:
        raise Unknown("the command docker is missing: run this on the machine of the deployment") from None
    except subprocess.TimeoutExpired:
        raise Unknown(f"no answer from the registry within {SECONDS} s") from None
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines() or ["docker printed nothing"]
        raise Unknown(f"no registry answered (docker buildx imagetools inspect): {errors[0]}")
    return done.stdout


def read_deployment(compose: str) -> dict[str, Any]:
    """The deployment with all profiles, as Compose resolves it."""
    command = [*compose.split(), "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"digests: {' '.join(command)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Writes the override, or exits with the image whose digest is unknown and the reason."""
    parser = argparse.ArgumentParser(prog="digests.py", description=__doc__)
    parser.add_argument("--file", type=Path, default=ROOT / "deploy" / "compose" / "digests.yml")
    parser.add_argument("--compose", default="docker compose", help="the Compose command")
    args = parser.parse_args()
    images = public_images(read_deployment(args.compose))
    try:
        text = override(images, ask_registry)
    except Unknown as why:
        raise SystemExit(f"digests: nothing written: {why}") from None
    args.file.write_text(text, encoding="utf-8")
    sys.stdout.write(f"digests: {args.file}: {len(set(images.values()))} images\n")


if __name__ == "__main__":
    main()
