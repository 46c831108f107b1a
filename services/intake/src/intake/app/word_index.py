"""Keyed hashes of the words of a report: texts are compared by them, and nobody reads a word without the key."""

import hmac
from functools import lru_cache

from intake.domain.word_stems import stems

# 48 bits: two stems of one language share a hash by chance in one of 10^9 pairs of texts.
_BYTES = 6
MOST_WORDS = 120
REMEMBERED = 8192


class WordIndex:
    """Computes the hashes with a key of its own from the service's secret; docs/decisions/0041 says what they reveal."""

    def __init__(self, secret: bytes) -> None:
        key = hmac.digest(secret, b"ascolto/intake/words", "sha256")

        @lru_cache(REMEMBERED)
        def hashed(stem: str) -> bytes:
            return hmac.digest(key, stem.encode(), "sha256")[:_BYTES]

        self._hashed = hashed

    def of(self, text: str) -> tuple[bytes, ...]:
        """The hashes of the first 120 stems, sorted, so that their order says nothing about the sentence."""
        return tuple(sorted(map(self._hashed, stems(text)[:MOST_WORDS])))
