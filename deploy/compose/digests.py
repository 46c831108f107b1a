"""Writes an override that pins every public image of the deployment by what its tag means today.

A tag can be moved by whoever owns it, a digest cannot. The registry is asked through the docker command, so it needs one
that is reachable from here; where none is, the tags stay and nothing is written.
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
    """Says why the digest of an image is not known."""


def public_images(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The images that are pulled and not built, by the service that runs them."""
    services = deployment["services"].items()
    return {name: spec["image"].partition("@")[0] for name, spec in services if "build" not in spec}


def digest_of(answer: str) -> str:
    """The digest of the whole image, for every platform, in what `docker buildx imagetools inspect` answers as JSON."""
    try:
        digest = json.loads(answer)["manifest"]["digest"]
    except (ValueError, KeyError, TypeError):
        raise Unknown(f"the answer has no digest: {answer.strip()[:80]!r}") from None
    if not DIGEST.fullmatch(str(digest)):
        raise Unknown(f"{digest!r} is no digest")
    return str(digest)


def override(images: Mapping[str, str], ask: Ask) -> str:
    """The override file, with one question for each image; raises Unknown naming the image."""
    known: dict[str, str] = {}
    for image in sorted(set(images.values())):
        try:
            known[image] = f"{image}@{digest_of(ask(image))}"
        except Unknown as why:
            raise Unknown(f"{image}: {why}") from None
    lines = [f"  {name}: {{image: {known[image]!r}}}" for name, image in sorted(images.items())]
    head = "# Written by `make digests`: what the tags meant then. Put it last into COMPOSE_FILE; make it anew after an upgrade."
    return "\n".join([head, "services:", *lines, ""])


def ask_registry(image: str) -> str:
    """What the registry says about an image; raises Unknown with the reason that docker gives."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .}}", image]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except FileNotFoundError:
        raise Unknown("the command docker is missing: run this where the deployment runs") from None
    except subprocess.TimeoutExpired:
        raise Unknown(f"no answer of the registry in {SECONDS} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["docker said nothing"]
        raise Unknown(f"no registry answered (docker buildx imagetools inspect): {said[0]}")
    return done.stdout


def read_deployment(compose: str) -> dict[str, Any]:
    """The deployment with every profile, as Compose reads it."""
    command = [*compose.split(), "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"digests: {' '.join(command)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Writes the override, or says which image could not be asked for and why."""
    parser = argparse.ArgumentParser(prog="digests.py", description=__doc__)
    parser.add_argument("--file", type=Path, default=ROOT / "deploy" / "compose" / "digests.yml")
    parser.add_argument("--compose", default="docker compose", help="the command that is Compose")
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
