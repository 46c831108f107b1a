"""Writes what each image of ours is made of, as CycloneDX: every locked package with its version and licence, and the base.

Works offline: what is installed here says its licence, and has to be exactly what the locks say.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
# What each image is: the project in it, and the locks that it is installed from.
IMAGES = {name: (f"services/{name}", ("run",)) for name in SERVICES} | {
    "intake": ("services/intake", ("run", "intake")),
    "watcher": ("ops", ("run",)),
    "issuer": ("stack", ("run",)),
    "provision": ("ops", ("run", "provision")),
}
RUNTIME = ("ascolto-contracts", "ascolto-chassis")
OURS = (*RUNTIME, "ascolto-webkit")
# The npm packages of which something is served, and the licence of what each contains from elsewhere: the fonts.
SERVED = {"bootstrap-italia": ("OFL-1.1",), "htmx.org": ()}

NPM_LOCK = ROOT / "webkit" / "assets" / "package-lock.json"

Bom = dict[str, Any]


def plain(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(texts: Sequence[str]) -> dict[str, str]:
    """Name and version of everything in locks."""
    found = (re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", text) for text in texts)
    return {plain(name): version for pairs in found for name, version in pairs}


def base_image(dockerfile: str) -> Bom:
    """The image that ours begin with."""
    name, tag = re.findall(r"(?m)^FROM ([\w./-]+):(\S+) AS runtime$", dockerfile)[0]
    ref = f"{name}:{tag}"
    return {
        "type": "container",
        "bom-ref": ref,
        "name": name,
        "version": tag,
        "purl": f"pkg:docker/{name}@{tag}",
    }


def served(lock: str) -> list[Bom]:
    """What the pages of a service are made of, with the versions and licences of an npm lock."""
    packages, found = json.loads(lock)["packages"], []
    for name, more in SERVED.items():
        one = packages[f"node_modules/{name}"]
        purl = f"pkg:npm/{name}@{one['version']}"
        part = {"type": "library", "bom-ref": purl, "name": name, "version": one["version"], "purl": purl}
        found.append(
            part | {"licenses": [{"license": {"id": licence}} for licence in (one["license"], *more)]}
        )
    return found


def reduced(whole: Bom, wanted: dict[str, str], base: Bom, ours: Sequence[str] = OURS) -> Bom:
    """A list of all that is installed, reduced to one image; raises SystemExit naming what differs or has no licence."""
    kept = [one for one in whole["components"] if plain(one["name"]) in {*wanted, *ours}]
    here = {plain(one["name"]): one for one in kept}
    differs = [
        f"{name} {version}"
        for name, version in wanted.items()
        if name not in here or Version(here[name]["version"]) != Version(version)
    ]
    if differs:
        raise SystemExit(f"sbom: not installed as locked: {', '.join(sorted(differs))}: run `make setup`")
    if bare := [name for name, one in here.items() if name not in OURS and not one.get("licenses")]:
        raise SystemExit(f"sbom: no licence is known of {', '.join(sorted(bare))}")
    refs = {whole["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in kept)}
    graph = [
        one | ({"dependsOn": [ref for ref in one["dependsOn"] if ref in refs]} if "dependsOn" in one else {})
        for one in whole["dependencies"]
        if one["ref"] in refs
    ]
    return whole | {"components": [base, *kept], "dependencies": graph}


def installed(project: Path) -> Bom:
    """The list of all that is installed here, of which the project is the root."""
    # Not validated here: what is written is another list, which tests hold against the schema; for this one that takes 10 s.
    options = ["--output-reproducible", "--no-validate", "--pyproject", str(project)]
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"sbom: {done.stderr.strip().splitlines()[-1:]}")
    found: Bom = json.loads(done.stdout)
    for one in found["components"]:
        # The tool leaves out a licence that a package names in words of its own ("3-Clause BSD License").
        if not one.get("licenses") and (named := metadata(one["name"]).json.get("license")):
            one["licenses"] = [{"license": {"name": named, "acknowledgement": "declared"}}]
    return found


def main() -> None:
    """Writes a file for each image."""
    parser = argparse.ArgumentParser(prog="sbom.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "sbom")
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"of {', '.join(IMAGES)}; all when none")
    asked = parser.parse_args()
    if unknown := set(asked.images) - set(IMAGES):
        parser.error(f"there is no image {', '.join(sorted(unknown))}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    base = base_image((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    for image in asked.images or IMAGES:
        project, locks = IMAGES[image]
        texts = [(ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in locks]
        pages = image in SERVICES
        ours = OURS if pages else RUNTIME
        bom = reduced(installed(ROOT / project / "pyproject.toml"), locked(texts), base, ours)
        if pages:
            bom["components"] += served(NPM_LOCK.read_text(encoding="utf-8"))
        file = asked.folder / f"{image}.cdx.json"
        file.write_text(json.dumps(bom, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sys.stdout.write(f"sbom: {file}: {len(bom['components'])} components\n")


if __name__ == "__main__":
    main()
