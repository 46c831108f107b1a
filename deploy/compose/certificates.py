"""Creates a certificate authority for this installation, and the keys and certificates of the engines.

Needs the command openssl. Existing files are kept; a certificate that expires within a month is renewed. Keys never leave
the folder of secrets, and the key of the authority is mounted nowhere.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AUTHORITY_DAYS, DAYS, MONTH_SECONDS = 3650, 397, 30 * 86_400
NAMES = {
    # The one-shot job connects to its mongod by the loopback address.
    "mongo_certificate": "DNS:mongo,DNS:mongo-2,DNS:mongo-3,IP:127.0.0.1",
    "kafka_certificate": "DNS:kafka,DNS:kafka-2,DNS:kafka-3",
}
OUTSIDE = "kafka_outside_certificate"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*words: str | Path) -> str:
    """Runs openssl and returns its output; raises SystemExit with its error."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"certificates: openssl {words[0]}: {done.stderr.strip()}")
    return done.stdout


def is_valid(certificate: Path) -> bool:
    """Tells whether a certificate exists and is valid for more than a month."""
    command = ["openssl", "x509", "-checkend", str(MONTH_SECONDS), "-noout", "-in", str(certificate)]
    return certificate.exists() and subprocess.run(command, capture_output=True).returncode == 0


def put(path: Path, text: str, mode: int) -> None:
    """Writes a file atomically, with this mode."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    staged.touch(mode=0o600)
    staged.write_text(text, encoding="utf-8")
    staged.chmod(mode)
    staged.replace(path)


def make_authority(folder: Path) -> None:
    """Creates the certificate authority."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        key, certificate = Path(scratch, "key"), Path(scratch, "certificate")
        subject = ["-subj", "/CN=Ascolto engines", "-days", str(AUTHORITY_DAYS)]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        openssl("req", "-x509", *KEY, *subject, *usage, "-keyout", key, "-out", certificate)
        put(folder / "engines_ca_key", key.read_text(), 0o400)
        put(folder / "engines_ca", certificate.read_text(), 0o444)


def make_certificate(folder: Path, name: str, names: str) -> None:
    """Creates a key and a certificate for these names, in one file that containers can read."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        key, request, signed, more = (Path(scratch, word) for word in ("key", "request", "signed", "more"))
        more.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n", encoding="utf-8")
        openssl("req", "-new", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        authority: list[str | Path] = ["-CA", folder / "engines_ca", "-CAkey", folder / "engines_ca_key"]
        serial = ["-set_serial", f"0x{os.urandom(16).hex()}", "-days", str(DAYS)]
        openssl("x509", "-req", "-in", request, *authority, *serial, "-extfile", more, "-out", signed)
        put(folder / name, key.read_text() + signed.read_text(), 0o444)


def main() -> None:
    """Creates missing certificates, renews expiring ones, and prints their names."""
    parser = argparse.ArgumentParser(prog="certificates.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "secrets")
    parser.add_argument("--outside", metavar="NAME", help="the host name by which other teams reach Kafka")
    args = parser.parse_args()
    if not shutil.which("openssl"):
        raise SystemExit("certificates: the command openssl is missing: install the package openssl")
    args.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wanted = NAMES | ({OUTSIDE: f"DNS:{args.outside}"} if args.outside else {})
    created = []
    if not is_valid(args.folder / "engines_ca"):
        make_authority(args.folder)
        created = ["engines_ca"]
    for name, names in wanted.items():
        if created[:1] == ["engines_ca"] or not is_valid(args.folder / name):
            make_certificate(args.folder, name, names)
            created.append(name)
    sys.stdout.write(
        f"certificates: created {', '.join(created)}\n"
        if created
        else "certificates: all are valid for more than a month\n"
    )


if __name__ == "__main__":
    main()
