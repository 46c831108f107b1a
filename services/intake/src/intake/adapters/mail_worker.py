"""The program that reads one mail: the mail on its standard input; what it says as JSON, then its photos, on its standard output.

It runs in a process of its own with limits of memory and processor time, without the service's environment, because what reads a
mail of somebody unknown may be killed at any moment.
"""

import json
import resource
import sys
from dataclasses import asdict

from intake.adapters.mail_parser import read_mail

MEMORY_BYTES, PROCESSOR_SECONDS = 512 * 1024**2, 20


def main() -> None:
    """Read the mail on the standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    mail = read_mail(sys.stdin.buffer.read())
    head = asdict(mail) | {
        "date": mail.date and mail.date.isoformat(),
        "photos": [len(one) for one in mail.photos],
    }
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(mail.photos))


if __name__ == "__main__":
    main()
