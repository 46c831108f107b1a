"""A certificate authority for one test, and what it signs."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from stack.ports import HOST
from stack.tools import Tls


def made_up_tls(folder: Path) -> Tls:
    """A fresh authority, and a key and certificate for this machine's loopback address signed by it."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Ascolto test authority")
    ca = _draft(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(True, None), critical=True)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
    certificate = _draft(_name(HOST), ca_name, key).add_extension(here, critical=False)
    folder.mkdir(parents=True, exist_ok=True)
    tls = Tls(folder / "server.pem", folder / "ca.pem")
    tls.ca.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    tls.certificate.write_bytes(secret + certificate.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    tls.certificate.chmod(0o600)
    return tls


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - the certificate is valid now, whatever a test says
    dates = (
        x509.CertificateBuilder()
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    draft = dates.subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return draft.serial_number(x509.random_serial_number())
