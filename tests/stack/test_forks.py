"""A forked process does not collect the garbage of its parent."""

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path


class Left:
    """Cyclic garbage that records the process that collects it."""

    def __init__(self, record: Path) -> None:
        self.record, self.me = record, self

    def __del__(self) -> None:
        with self.record.open("a") as record:
            record.write(f"{os.getpid()}\n")


def test_a_forked_process_leaves_the_garbage_of_its_parent_alone(tmp_path: Path) -> None:
    record = tmp_path / "record"
    gc.disable()
    try:
        Left(record)
        with ProcessPoolExecutor(1, get_context("fork"), initializer=gc.collect) as pool:
            assert pool.submit(os.getpid).result() != os.getpid()
        assert not record.exists()
    finally:
        gc.enable()

    gc.collect()
    assert record.read_text() == f"{os.getpid()}\n"
