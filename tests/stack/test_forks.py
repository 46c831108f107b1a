"""What the tests before it left is never collected in a process that a test forks."""

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path


class Left:
    """Garbage that only the collector finds, and that says which process found it."""

    def __init__(self, told: Path) -> None:
        self.told, self.me = told, self

    def __del__(self) -> None:
        with self.told.open("a") as told:
            told.write(f"{os.getpid()}\n")


def test_a_forked_process_leaves_the_garbage_of_its_parent_alone(tmp_path: Path) -> None:
    told = tmp_path / "told"
    gc.disable()
    try:
        Left(told)
        with ProcessPoolExecutor(1, get_context("fork"), initializer=gc.collect) as pool:
            assert pool.submit(os.getpid).result() != os.getpid()
        assert not told.exists()
    finally:
        gc.enable()

    gc.collect()
    assert told.read_text() == f"{os.getpid()}\n"
