"""Creates what docker-compose.yml needs: the secrets, one file each, and `.env`. Existing files are never changed, except
that the development issuer's file gets clients that it lacks.

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
    "intake": [],
    "routing": [],
    "subsidies": ["service"],
    "notify": ["service"],
    "operator": ["operator"],
    "coordinator": ["coordinator"],
    "officer": ["officer"],
    "ops": ["ops"],
}
# Where people return from a login at each service.
BACK = {
    "intake": "/segnalazioni/accesso/ritorno",
    "routing": "/lavoro/accesso/ritorno",
    "subsidies": "/contributi/accesso/ritorno",
    "notify": "/messaggi/accesso/ritorno",
}
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
    """The clients of the development issuer; the secrets of existing ones are kept."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    made: dict[str, dict[str, object]] = {}
    for name, roles in CLIENTS.items():
        secret = known.get(f"ascolto-{name}", {}).get("secret") or random_word()
        back = {"back": BACK[name]} if name in BACK else {}
        made[f"ascolto-{name}"] = {"secret": secret, "roles": roles, **back}
    return {**known, **made}


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
    made |= {f"{name}_client": str(known[f"ascolto-{name}"]["secret"]) for name in SERVICES}
    made |= {f"{service}_mongo": connection(service, service) for service in SERVICES}
    made |= {f"{user}_kafka_password": random_word() for user in ("admin", "watcher", *SERVICES)}
    return made | {f"{service}_key": os.urandom(32).hex() for service in SERVICES}


def put(path: Path, text: str, mode: int, *, replace: bool = False) -> bool:
    """Writes a file atomically unless it exists, or has another content if `replace`; tells whether it did."""
    if replace and path.exists() and path.read_text(encoding="utf-8") != text + "\n":
        path.unlink()
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
    made = []
    for name, text in contents(args.folder).items():
        if put(args.folder / name, text, 0o444, replace=name == "issuer_clients"):
            made.append(name)
    example = (ROOT / ".env.example").read_text(encoding="utf-8").rstrip("\n")
    made += [args.env.name] if put(args.env, example, 0o644) else []
    sys.stdout.write(f"secrets: created {', '.join(made)}\n" if made else "secrets: nothing to create\n")


if __name__ == "__main__":
    main()
