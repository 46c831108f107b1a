"""Links in documents resolve, and the metadata for software catalogues is complete."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "contracts/*.md", "services/**/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def broken(page: Path) -> list[str]:
    """The links of a page to missing files or headings."""
    found = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        place, _, heading = link.partition("#")
        target = page if not place else page.parent / place
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (heading and heading not in headings(target)):
            found.append(link)
    return found


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as common renderers build them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", DOCUMENTS, ids=str)
def test_every_link_of_a_document_resolves(page: Path) -> None:
    assert broken(ROOT / page) == []


def test_a_broken_link_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](page.md#one) [b](other.md) [c](#two)\n```\n[d](in-code.md)\n```\n")

    assert broken(page) == ["other.md", "#two"]


def test_the_first_page_is_read_in_three_minutes() -> None:
    assert len(CODE.sub("", (ROOT / "README.md").read_text(encoding="utf-8")).split()) <= 650


def test_what_catalogues_read_is_complete_and_of_this_version() -> None:
    metadata = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    versions = {
        tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
        for file in (*ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml"))
    }

    needed = {"publiccodeYmlVersion", "name", "url", "platforms", "developmentStatus", "softwareType"}
    assert needed | {"description", "legal", "maintenance", "localisation"} <= set(metadata)
    assert versions == {metadata["softwareVersion"]}
    assert f"## {metadata['softwareVersion']} — {metadata['releaseDate']}" in (
        ROOT / "CHANGELOG.md"
    ).read_text("utf-8")
    assert f"SPDX-License-Identifier: {metadata['legal']['license']}" in (ROOT / "LICENSE").read_text("utf-8")
    for words in metadata["description"].values():
        assert len(words["shortDescription"]) <= 150 <= len(words["longDescription"]) <= 10_000


@pytest.mark.parametrize(
    ("section", "most"), [("From the form to 201", 12), ("From the event to the case", 16)]
)
def test_the_tour_follows_a_report_through_few_files(section: str, most: int) -> None:
    part = (ROOT / "docs/tour.md").read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    files = {link for link in LINK.findall(part) if link.endswith(".py")}
    assert 8 <= len(files) <= most
