"""Keyed hashes of the words of a report: texts are compared by them, and nobody reads a word without the key."""

import hmac

from intake.domain.word_stems import stems

# 48 bits: two stems of one language share a hash by chance in one of 10^9 pairs of texts.
_BYTES = 6
MOST_WORDS = 120


class WordIndex:
    """Computes the hashes with a key of its own from the service's secret; docs/decisions/0041 says what they reveal."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"ascolto/intake/words", "sha256")

    def of(self, text: str) -> tuple[bytes, ...]:
        """The hashes of the first 120 stems, sorted, so that their order says nothing about the sentence."""
        return tuple(
            sorted(
                hmac.digest(self._key, one.encode(), "sha256")[:_BYTES] for one in stems(text)[:MOST_WORDS]
            )
        )
