"""`make bench-imports`: what a row of an imported list costs when rows travel together, and when each travels alone."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from bench.engines import mongod_in
from bench.intake_pages import Meter
from bench.page_services import serving
from bench.stored_reports import SECRET, SEED, Agency
from chassis.clock import utc_now
from intake.app.import_reports import ListImport, import_rows
from intake.app.imports.csv_rows import Row
from intake.app.imports.mapping_file import read_mapping
from intake.app.imports.row_ids import RowIds
from intake.app.imports.sender import Sender, clients

MAPPING = read_mapping(SEED / "intake" / "import-municipium.yaml")
TEXT = "Nel cortile ci sono rifiuti abbandonati vicino ai bidoni, da giorni nessuno li porta via"


class Alone(Sender):
    """Sends each row in a request of its own."""

    async def send_all(self, bodies: Sequence[Mapping[str, Any]], proof: Any) -> Sequence[Any]:
        """Send the rows one by one, as to an intake that takes no others."""
        del proof
        return await asyncio.gather(*map(self.send, bodies))


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[httpx.URL]:
    """The address at which the service listens."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield httpx.URL(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    finally:
        server.should_exit = True
        await task


def rows_of(first: int, count: int) -> Sequence[Row]:
    """Rows of a list that nobody has imported."""
    cells = {"Stato": "aperta", "Creato": "2026-02-03", "DescrizioneBreve": TEXT, "Categoria": "Buche"}
    return [Row(n, cells | {"Id": str(n)}) for n in range(first, first + count)]


async def measure(uri: str, meter: Meter, count: int, rounds: int) -> None:
    """Import in turns, and print the processor time of a row."""
    job, spent = ListImport(MAPPING, RowIds(SECRET, "bench")), dict.fromkeys((Alone, Sender), (0.0, 0.0))
    async with serving("intake", uri, Agency(utc_now()), 0) as served, listening(served.app) as url:
        opened = clients(url)
        for number in range(rounds * 2):
            kind = (Alone, Sender)[number % 2]
            began, ours, theirs = time.perf_counter(), time.process_time_ns(), meter.mongod()
            done = await import_rows(rows_of(number * count, count), job, kind(opened, 60), lambda _: None)
            assert done == {"accepted": count}, done
            used = (time.process_time_ns() - ours + meter.mongod() - theirs) / 1e6
            spent[kind] = (spent[kind][0] + used, spent[kind][1] + time.perf_counter() - began)
        await asyncio.gather(*(one.aclose() for one in opened))
    total = count * rounds
    for name, kind in (("alone", Alone), ("together", Sender)):
        used, lasted = spent[kind]
        sys.stdout.write(
            f"import    {name:9}{used / total:6.2f} ms of processor time a row (importer, service and mongod), "
            f"{total / lasted:6.0f} rows/s\n"
        )
    sys.stdout.write(f"import    ratio {spent[Alone][0] / spent[Sender][0]:.1f} of processor time, ")
    sys.stdout.write(f"{spent[Alone][1] / spent[Sender][1]:.1f} of time\n")


def main(words: Sequence[str]) -> int:
    """Start a MongoDB, measure, and stop it."""
    parser = argparse.ArgumentParser(prog="bench.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder, mongod_in(Path(folder)) as system:
        meter = Meter(system.mongod.child.pid())
        asyncio.run(measure(system.mongod.admin, meter, options.rows, options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
