"""Makes what docker-compose.yml needs and is not there yet: the secrets, one file each, and `.env`.

Standard library only; nothing that exists is ever changed. The folder is closed to other users of this machine, the
files in it are readable, because a container sees a file with the mode that it has here and reads it as user 10001.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "routing", "subsidies", "notify")
# What each client of the development issuer may be; a real provider is told the same by whoever runs it.
CLIENTS = {
    "notify": ["service"],
    "routing": [],
    "operator": ["operator"],
    "coordinator": ["coordinator"],
    "officer": ["officer"],
    "ops": ["ops"],
}
WITH_A_FILE = ("notify", "routing")
MEMBER = "mongo:27017"
REPLICA_SET = "rs0"


# This file's own name hides the library's `secrets` while it runs, so randomness comes from the system itself.
def random_word(size: int = 32) -> str:
    """As many random bytes, as letters that need no escaping in an address."""
    return base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=")


def connection(user: str, database: str) -> str:
    """How a user reaches the database that knows it, with a fresh password."""
    return (
        f"mongodb://{user}:{random_word()}@{MEMBER}/{database}?authSource={database}&replicaSet={REPLICA_SET}"
    )


def clients(path: Path) -> dict[str, dict[str, object]]:
    """What the development issuer knows of its clients; what it knew stays."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    fresh = {f"ascolto-{name}": {"secret": random_word(), "roles": roles} for name, roles in CLIENTS.items()}
    return {**fresh, **known}


def contents(folder: Path) -> dict[str, str]:
    """Every secret by the name of its file."""
    known = clients(folder / "issuer_clients")
    made = {
        "mongo_keyfile": base64.b64encode(os.urandom(756)).decode(),
        "mongo_admin": random_word(),
        "backup_mongo": connection("backup", "admin"),
        "backup_key": os.urandom(32).hex(),
        "watcher_mongo": connection("watcher", "admin"),
        "grafana_admin": random_word(),
        "issuer_clients": json.dumps(known, indent=1),
    }
    made |= {f"{name}_client": str(known[f"ascolto-{name}"]["secret"]) for name in WITH_A_FILE}
    made |= {f"{service}_mongo": connection(service, service) for service in SERVICES}
    made |= {f"{user}_kafka_password": random_word() for user in ("admin", "watcher", *SERVICES)}
    return made | {f"{service}_key": os.urandom(32).hex() for service in SERVICES}


def put(path: Path, text: str, mode: int) -> bool:
    """Leaves a whole new file, or what was there; tells which."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    staged.write_text(text + "\n", encoding="utf-8")
    staged.chmod(mode)
    try:
        os.link(staged, path)
    except FileExistsError:
        return False
    finally:
        staged.unlink()
    return True


def main() -> None:
    """Makes what is missing and says what that was, never what is in it."""
    parser = argparse.ArgumentParser(prog="secrets.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "secrets")
    parser.add_argument("--env", type=Path, default=ROOT / ".env")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    args.folder.chmod(0o700)
    made = [name for name, text in contents(args.folder).items() if put(args.folder / name, text, 0o444)]
    example = (ROOT / ".env.example").read_text(encoding="utf-8").rstrip("\n")
    made += [args.env.name] if put(args.env, example, 0o644) else []
    sys.stdout.write(f"secrets: made {', '.join(made)}\n" if made else "secrets: everything was there\n")


if __name__ == "__main__":
    main()
