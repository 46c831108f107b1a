"""What is counted of photos."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from chassis.errors import Refused, Unavailable


class PhotoCounts:
    """The counters of one process; the plan of the service registers them."""

    def __init__(self) -> None:
        self.added = Counter("photos_added", "Photos added to reports.", registry=None)
        self.bytes = Counter(
            "photos_stored_bytes", "Bytes of the photos that were stored, in all sizes.", registry=None
        )
        self.refused = Counter("photos_refused", "Photos refused, by reason.", ["reason"], registry=None)

    @property
    def all(self) -> tuple[Counter, ...]:
        """All of them."""
        return (self.added, self.bytes, self.refused)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Count a refusal inside, by its slug; and what the service could not take for the moment as `unavailable`."""
        try:
            yield
        except Refused as refused:
            self.refused.labels(refused.slug).inc()
            raise
        except Unavailable:
            self.refused.labels("unavailable").inc()
            raise
