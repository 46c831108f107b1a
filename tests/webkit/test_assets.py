"""The assets of the pages: what is built from the templates, and how it is served."""

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from deploy.local.assets import MODULES, NODE, SOURCES

from chassis.handling import Reactions
from chassis.service import Plan
from chassis.testing import MemoryService
from webkit.assets import STATIC, Assets, AssetsMissing
from webkit.headers import PAGE_HEADERS, staff_page_headers

HOME = "/lavoro"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
FIRST_VISIT = ("kit.css", "icons.svg", "titillium-400.woff2", "titillium-600.woff2", "titillium-700.woff2")


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(HOME)


@pytest.fixture
async def client(assets: Assets) -> AsyncIterator[httpx.AsyncClient]:
    plan = Plan("pages", Reactions(), (), lambda context: [assets.router(context)])
    async with MemoryService(plan, NOON) as service, service.client() as client:
        yield client


async def sent(client: httpx.AsyncClient, address: str, encodings: str) -> tuple[httpx.Headers, bytes]:
    """The headers, and the body as it was sent."""
    async with client.stream("GET", address, headers={"Accept-Encoding": encodings}) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("kit.css", "text/css; charset=utf-8"),
        ("kit.rtl.css", "text/css; charset=utf-8"),
        ("htmx.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("titillium-400.woff2", "font/woff2"),
        ("licences.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_an_asset_is_served_to_anybody_for_a_year(
    client: httpx.AsyncClient, assets: Assets, name: str, media_type: str
) -> None:
    headers, content = await sent(client, assets.url(name), "identity")

    assert headers["content-type"] == media_type
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert content == (STATIC / assets.url(name).rpartition("/")[2]).read_bytes()


async def test_a_browser_gets_the_smallest_form_that_it_accepts(
    client: httpx.AsyncClient, assets: Assets
) -> None:
    address = assets.url("kit.css")
    _, plain = await sent(client, address, "identity")

    for accepted, encoding in (
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip; q=0.5", "gzip"),
        ("gzip;q=0.0, br ; q=0", None),
        ("*;q=0.1", None),
    ):
        headers, content = await sent(client, address, accepted)
        assert headers.get("content-encoding") == encoding, accepted
        assert headers["vary"] == "Accept-Encoding"
        assert len(content) < len(plain) / 2 or encoding is None
        assert encoding != "gzip" or gzip.decompress(content) == plain


async def test_a_file_of_another_build_and_a_path_out_of_the_folder_are_not_found(
    client: httpx.AsyncClient,
) -> None:
    for file in ("kit.0000000000.css", "manifest.json", "..%2fassets.py", "kit.css"):
        answer = await client.get(f"{HOME}/static/{file}")
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (404, False), file


async def test_a_style_sheet_loads_only_what_the_policy_of_pages_allows(
    client: httpx.AsyncClient, assets: Assets
) -> None:
    for name in ("kit.css", "kit.rtl.css"):
        _, content = await sent(client, assets.url(name), "identity")
        used = re.findall(r"url\(\s*[\"']?([^\"')]+)", content.decode())
        assert used
        for file in used:
            assert (await client.get(f"{HOME}/static/{file}")).status_code == 200, file
    assert "data:" not in PAGE_HEADERS["Content-Security-Policy"]


def test_a_public_page_leaves_room_for_its_text_in_100_kilobytes(assets: Assets) -> None:
    files = [STATIC / assets.url(name).rpartition("/")[2] for name in FIRST_VISIT]
    forms = [file.with_name(f"{file.name}.gz") for file in files]
    size = sum(
        (form if form.exists() else file).stat().st_size for file, form in zip(files, forms, strict=True)
    )

    assert size < 85_000


def test_public_pages_run_no_script_and_staff_pages_only_ours() -> None:
    assert "script-src" not in PAGE_HEADERS["Content-Security-Policy"]
    staff = staff_page_headers("https://login.example.org/realms/casa")["Content-Security-Policy"]
    assert "form-action 'self' https://login.example.org;" in staff
    assert "script-src 'self';" in staff
    assert "unsafe" not in staff


def test_without_a_build_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="make setup"):
        Assets("", tmp_path)


def test_a_name_that_is_not_built_is_reported(assets: Assets) -> None:
    with pytest.raises(AssetsMissing, match="no asset htmx"):
        assets.url("htmx.css")


def build(tree: Path, template: str) -> subprocess.CompletedProcess[str]:
    """The build of a checkout whose only template this is."""
    sources, templates = tree / "webkit" / "assets", tree / "webkit" / "src" / "webkit" / "templates"
    if not sources.exists():
        shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("node_modules"))
        (sources / "node_modules").symlink_to(MODULES)
        templates.mkdir(parents=True)
    (templates / "page.html").write_text(template, encoding="utf-8")
    return subprocess.run(
        [NODE / "bin" / "node", sources / "build.mjs"], capture_output=True, text=True, check=False
    )


def built(tree: Path, name: str) -> str:
    """The text of one asset of that build."""
    static = tree / "webkit" / "src" / "webkit" / "static"
    files: dict[str, str] = json.loads((static / "manifest.json").read_text(encoding="utf-8"))
    return (static / files[name]).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_style_sheet_has_what_templates_name_and_nothing_else(tmp_path: Path) -> None:
    some = re.compile(r"\.(callout|chip|carousel|rating)\b")
    assert build(tmp_path, '<p class="callout text-end">{# chip #}</p>').returncode == 0
    styles = built(tmp_path, "kit.css")
    assert set(some.findall(styles)) == {"callout", "chip"}
    assert "text-end{text-align:right" in styles
    assert "text-end{text-align:left" in built(tmp_path, "kit.rtl.css")

    assert build(tmp_path, '<p class="rating">').returncode == 0
    assert set(some.findall(built(tmp_path, "kit.css"))) == {"rating"}


@pytest.mark.slow
def test_the_sprite_has_the_icons_of_the_templates_and_an_unknown_one_stops_the_build(tmp_path: Path) -> None:
    assert build(tmp_path, '{{ icon("it-mail") }} {# it-print #}').returncode == 0
    assert set(re.findall(r'id="([^"]+)"', built(tmp_path, "icons.svg"))) == {"it-mail", "it-print"}

    failed = build(tmp_path, '{{ icon("it-owl") }}')
    assert failed.returncode == 1
    assert (
        failed.stderr
        == "assets: webkit/src/webkit/templates/page.html: Bootstrap Italia has no icon it-owl\n"
    )
    assert "it-mail" in built(tmp_path, "icons.svg")
