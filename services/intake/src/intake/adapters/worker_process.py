"""Runs a program of ours in a process of its own, without the environment of the service and so without its secrets."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE


async def output_of(module: str, *words: str, given: bytes, seconds: float) -> bytes:
    """What the program writes for these bytes; empty when it failed, was killed or took too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", module, *words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(given)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer if process.returncode == 0 else b""
