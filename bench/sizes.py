"""How much is measured: the full sizes, or those that fit into four minutes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Events, rounds, kills and seconds of one run."""

    rounds: int
    one_by_one: int  # events of the variant that takes them one at a time
    batched: int  # events of every other variant
    warm: int
    kills: int
    killed_one_by_one: int
    killed_batched: int
    facts: int  # single facts that are timed to the broker's acknowledgement
    seconds: float  # of each open loop
    most: int  # reports of the throughput measurement
    letters_seconds: float  # of handing over queued letters
    pairs: int  # how often an arm and its bare counterpart take turns
    accepted: int  # reports of each turn of the acceptance
    piled_up: int  # reports for each number of processes


FULL = Sizes(
    rounds=7,
    one_by_one=2_000,
    batched=40_000,
    warm=5_000,
    kills=5,
    killed_one_by_one=2_000,
    killed_batched=30_000,
    facts=400,
    seconds=20.0,
    most=12_000,
    letters_seconds=20.0,
    pairs=4,
    accepted=3_000,
    piled_up=3_000,
)
QUICK = Sizes(
    rounds=1,
    one_by_one=600,
    batched=15_000,
    warm=2_000,
    kills=2,
    killed_one_by_one=600,
    killed_batched=12_000,
    facts=60,
    seconds=5.0,
    most=2_000,
    letters_seconds=6.0,
    pairs=1,
    accepted=1_000,
    piled_up=1_500,
)
