"""Creates what docker-compose.yml needs: the secrets, one file each, and `.env`. Existing files are never changed.

The folder is closed to other users of this machine. The files in it are readable, because a container sees the same mode
and reads them as user 10001. Uses the standard library only.
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
# The roles of each client of the development issuer; configure a real provider accordingly.
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


# The name of this file hides the module `secrets` of the standard library, so it uses os.urandom().
def random_word(size: int = 32) -> str:
    """Random bytes in URL-safe base64, without padding."""
    return base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=")


def connection(user: str, database: str) -> str:
    """A user's connection string with a new password."""
    return (
        f"mongodb://{user}:{random_word()}@{MEMBER}/{database}?authSource={database}&replicaSet={REPLICA_SET}"
    )


def clients(path: Path) -> dict[str, dict[str, object]]:
    """The clients of the development issuer; existing ones are kept."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    fresh = {f"ascolto-{name}": {"secret": random_word(), "roles": roles} for name, roles in CLIENTS.items()}
    return {**fresh, **known}


def contents(folder: Path) -> dict[str, str]:
    """Every secret by file name."""
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
    """Writes a file atomically unless it exists; tells whether it did."""
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
    """Creates the missing files and prints their names, never their content."""
    parser = argparse.ArgumentParser(prog="secrets.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "secrets")
    parser.add_argument("--env", type=Path, default=ROOT / ".env")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    args.folder.chmod(0o700)
    made = [name for name, text in contents(args.folder).items() if put(args.folder / name, text, 0o444)]
    example = (ROOT / ".env.example").read_text(encoding="utf-8").rstrip("\n")
    made += [args.env.name] if put(args.env, example, 0o644) else []
    sys.stdout.write(f"secrets: created {', '.join(made)}\n" if made else "secrets: nothing to create\n")


if __name__ == "__main__":
    main()
