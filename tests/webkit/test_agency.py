"""The agency's file is read strictly, and names every mistake."""

from pathlib import Path

import pytest

from chassis.seed import SeedError
from webkit.agency import FILE, read_agency

SHIPPED = Path(__file__).parents[2] / "deploy" / "seed" / FILE


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """The seed folder of a service beside the agency's file."""
    (tmp_path / FILE).write_text(SHIPPED.read_text())
    return tmp_path / "intake"


def test_the_shipped_agency_is_visibly_invented(seed: Path) -> None:
    agency = read_agency(seed)

    assert "(esempio)" in agency.name
    assert all("(esempio)" in one.name for one in agency.listening_points)
    assert agency.phone_link == "035000000"
    assert agency.logo is None


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('closes: "12:30"', 'closes: "08:00"', "write a time after 09:00"),
        ("days: [mon, wed]", "days: [monday]", "write one of"),
        ('phone: "035 000000"', "telephone: 35", "phone"),
        ("https://regione.example.org", "regione.example.org", "parent_site"),
        ('email: "ascolto@example.org"', 'email: "a@b.it"\nlogo: ../x.svg', "ends in .svg or .png"),
    ],
)
def test_a_mistake_is_named(seed: Path, written: str, instead: str, said: str) -> None:
    file = seed.parent / FILE
    file.write_text(file.read_text().replace(written, instead, 1))

    with pytest.raises(SeedError, match=said):
        read_agency(seed)


def test_a_logo_is_a_file_beside_the_agencys(seed: Path) -> None:
    file = seed.parent / FILE
    file.write_text(file.read_text() + "logo: stemma.svg\n")
    (seed.parent / "stemma.svg").write_text("<svg/>")

    logo = read_agency(seed).logo

    assert logo is not None
    assert (logo.media_type, logo.content) == ("image/svg+xml", b"<svg/>")
