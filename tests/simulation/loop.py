"""A deterministic event loop: virtual time, a seeded choice of what runs next, processes that die or pause at any step."""

import asyncio
import random
import sys
from asyncio import futures
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from typing import Any


class Stuck(Exception):
    """No callback can run, or they run for ever."""


class Proc:
    """A simulated operating-system process; its tasks carry it in their context."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.ready: deque[SimHandle] = deque()
        self.steps_left: int | None = None
        self.on_zero: Callable[[], None] = lambda: None

    def context(self) -> Context:
        """A context whose tasks belong to this process."""
        made = copy_context()
        made.run(OWNER.set, self)
        return made


WAKES_A_SLEEPER = futures._set_result_unless_cancelled  # type: ignore[attr-defined]  # what asyncio.sleep calls
WORLD = Proc("world")
OWNER: ContextVar[Proc] = ContextVar("owner", default=WORLD)


class SimHandle:
    """A scheduled callback, cheaper than asyncio's handle."""

    __slots__ = ("args", "callback", "context", "owner")

    def __init__(self, callback: Any, args: tuple[Any, ...], context: Context) -> None:
        self.callback, self.args, self.context = callback, args, context
        self.owner: Proc = context.get(OWNER, WORLD)

    def cancel(self) -> None:
        """Cancel the callback."""
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.callback is None


class SimLoop(asyncio.BaseEventLoop):
    """Runs one callback at a time, of a process chosen by the seed; virtual time advances when nothing can run.

    A killed process runs nothing more, not even `finally` blocks; a stopped one runs everything later.
    """

    def __init__(self, chance: random.Random, most_steps: int) -> None:
        super().__init__()
        self.chance = chance
        self.steps = 0
        self.most_steps = most_steps
        self.world = Proc("world")
        self.tasks: list[asyncio.Task[Any]] = []
        self._virtual = 0.0
        self._timed: list[tuple[float, float, SimHandle | asyncio.Future[None]]] = []
        self._runnable: list[Proc] = []
        self._orphaned: list[SimHandle] = []
        self._stopped: list[Proc] = []
        self._over = False
        self._stopping = False
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        return self._virtual

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        handle = SimHandle(callback, args, copy_context() if context is None else context)
        proc = handle.owner
        if proc is WORLD or self._over or not proc.alive:
            self._enqueue(handle)
            return handle
        proc.ready.append(handle)
        if len(proc.ready) == 1 and not proc.stopped:
            self._runnable.append(proc)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        handle = SimHandle(callback, args, copy_context() if context is None else context)
        heappush(self._timed, (when, self.chance.random(), handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        if callback is WAKES_A_SLEEPER:  # a sleeper needs no step of its own
            heappush(self._timed, (self._virtual + delay, self.chance.random(), args[0]))
            return args[0]
        return self.call_at(self._virtual + delay, callback, *args, context=context)

    def pause(self, seconds: float) -> "asyncio.Future[None]":
        """Like `asyncio.sleep`, in one step."""
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        heappush(self._timed, (self._virtual + seconds, self.chance.random(), future))
        return future

    def create_task(
        self, coro: Any, *, name: Any = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self.tasks.append(task)  # keeps tasks of a killed process from being closed by the garbage collector
        return task

    def spawn(self, proc: Proc, coro: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task that belongs to a process."""
        return self.create_task(coro, context=proc.context())

    def kill(self, proc: Proc) -> None:
        """Kill a process between two of its callbacks."""
        proc.alive = False
        self._orphaned.extend(proc.ready)
        proc.ready.clear()
        self._rest(proc)

    def stop_process(self, proc: Proc) -> None:
        """SIGSTOP."""
        proc.stopped = True
        self._stopped.append(proc)
        self._rest(proc)

    def continue_process(self, proc: Proc) -> None:
        """SIGCONT: everything that arrived meanwhile is ready at once."""
        proc.stopped = False
        if proc.alive and proc.ready and proc not in self._runnable:
            self._runnable.append(proc)

    def end_world(self) -> None:
        """Cancel all remaining tasks, those of killed processes too, so that nothing outlives the world."""
        self._over, self.most_steps = True, sys.maxsize
        for proc in self._stopped:
            self.continue_process(proc)
        for handle in self._orphaned:  # a task whose wake-up was dropped cannot be cancelled without it
            self._enqueue(handle)
        for _ in range(20):
            left = [task for task in self.tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            while self._runnable:
                self._run_once()
        self.close()

    def _rest(self, proc: Proc) -> None:
        if proc in self._runnable:
            self._runnable.remove(proc)

    def _enqueue(self, handle: SimHandle) -> None:
        proc = self.world if handle.owner is WORLD or self._over else handle.owner
        if not proc.alive:
            self._orphaned.append(handle)
            return
        proc.ready.append(handle)
        if len(proc.ready) == 1 and not proc.stopped:
            self._runnable.append(proc)

    def _run_once(self) -> None:
        runnable, random_ = self._runnable, self.chance.random
        while not self._stopping:
            if not runnable:
                if self._over:
                    return
                self._advance()
                continue
            proc = runnable[int(random_() * len(runnable))] if len(runnable) > 1 else runnable[0]
            handle = proc.ready.popleft()
            if not proc.ready:
                runnable.remove(proc)
            if handle.callback is not None:
                handle.context.run(handle.callback, *handle.args)
            self.steps += 1
            if proc.steps_left is not None:
                self._count_down(proc)
            if self.steps > self.most_steps:
                raise Stuck(f"{self.steps} steps and no end at {self._virtual:.1f} s")

    def _count_down(self, proc: Proc) -> None:
        assert proc.steps_left is not None
        proc.steps_left -= 1
        if proc.steps_left <= 0:
            proc.steps_left = None
            proc.on_zero()

    def _advance(self) -> None:
        timed = self._timed
        while timed and timed[0][2].cancelled():
            heappop(timed)
        if not timed:
            raise Stuck(f"nothing left to run at {self._virtual:.1f} s")
        now = self._virtual = max(self._virtual, timed[0][0])
        while timed and timed[0][0] <= now:
            due = heappop(timed)[2]
            if due.cancelled():
                continue
            if isinstance(due, SimHandle):
                self._enqueue(due)
            else:
                due.set_result(None)
