"""The partition of a key: Kafka's murmur2, as the official Java client computes it."""

_SEED, _M, _R = 0x9747B28C, 0x5BD1E995, 24
_WORD = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """The hash of a key as an unsigned 32-bit number."""
    length = len(key)
    h = _SEED ^ length
    whole = length - length % 4
    for start in range(0, whole, 4):
        k = int.from_bytes(key[start : start + 4], "little") * _M & _WORD
        k = (k ^ k >> _R) * _M & _WORD
        h = (h * _M & _WORD) ^ k
    if rest := key[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _WORD
    h = (h ^ h >> 13) * _M & _WORD
    return h ^ h >> 15


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: murmur2 without its sign bit, modulo the number of partitions."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
