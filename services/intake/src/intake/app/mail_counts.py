"""What is counted of mails."""

from prometheus_client import Counter


class MailCounts:
    """The counters of one process; the plan of the service registers them."""

    def __init__(self) -> None:
        self.received = Counter(
            "mails_received", "Mails delivered to us, by what was done with them.", ["outcome"], registry=None
        )
        self.refused = Counter(
            "mails_refused",
            "Mails that the mail server was told to keep or to return.",
            ["reason"],
            registry=None,
        )
        self.attachments = Counter(
            "mail_attachments",
            "Attachments of mails, by what was done with them.",
            ["outcome"],
            registry=None,
        )

    @property
    def all(self) -> tuple[Counter, ...]:
        """All of them."""
        return (self.received, self.refused, self.attachments)
