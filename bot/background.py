"""Tasks beside the requests: each is held, named, watched, and ended in order when the process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class VitalTaskEnded(Exception):
    """A vital task returned although nobody had asked it to stop."""


class Background:
    """Holds the background tasks of one process.

    A vital task is one the process cannot live without: when it fails, or ends before `stop`, `on_vital_failure(name,
    error)` is called once for it and should end the process. Any other failure is logged with its traceback.
    """

    def __init__(self, *, on_vital_failure: Callable[[str, BaseException], None]) -> None:
        self._on_vital_failure = on_vital_failure
        self._tasks: dict[asyncio.Task[Any], _Terms] = {}
        #: Set when `stop` begins; tasks that finish by themselves wait for it or look at it between two steps.
        self.stopping = asyncio.Event()

    def start(
        self, name: str, work: Coroutine[Any, Any, Any], *, vital: bool = False, finishes: bool = False
    ) -> asyncio.Task[Any]:
        """Start `work`. `finishes`: it watches `stopping` and gets the grace to end by itself; others are cancelled.

        Raises RuntimeError when the process is already stopping.
        """
        if self.stopping.is_set():
            work.close()
            raise RuntimeError(f"background task {name} was started while the process stops")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = _Terms(vital=vital, finishes=finishes)
        task.add_done_callback(self._ended)
        return task

    def names(self) -> list[str]:
        """Return the names of the tasks that are running, in the order of their start."""
        return [task.get_name() for task in self._tasks]

    async def stop(self, grace_seconds: float) -> list[str]:
        """End all tasks and await them; return the names of those that outlived the grace and were cancelled.

        `grace_seconds` are real seconds: stopping must not depend on a clock that may itself have stopped.
        """
        self.stopping.set()
        finishing = [task for task, terms in self._tasks.items() if terms.finishes]
        await self._cancel([task for task, terms in self._tasks.items() if not terms.finishes])
        if finishing:
            await asyncio.wait(finishing, timeout=grace_seconds)
        late = [task for task in finishing if not task.done()]
        for task in late:
            log.warning(
                "A background task outlived the grace and is cancelled.",
                action="background_task_late",
                task=task.get_name(),
                grace_seconds=grace_seconds,
            )
        await self._cancel(late)
        return [task.get_name() for task in late]

    async def _cancel(self, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        # return_exceptions: `_ended` has logged each failure already.
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        terms = self._tasks.pop(task)
        error: BaseException | None = None
        if not task.cancelled():
            error = task.exception()
        if error is not None:
            log.error(
                "A background task failed.",
                action="background_task_failed",
                task=task.get_name(),
                vital=terms.vital,
                exc_info=error,
            )
        if terms.vital and not self.stopping.is_set():
            self._on_vital_failure(task.get_name(), error or VitalTaskEnded(f"{task.get_name()} ended"))


class _Terms:
    """What a task was started with."""

    __slots__ = ("finishes", "vital")

    def __init__(self, *, vital: bool, finishes: bool) -> None:
        self.vital = vital
        self.finishes = finishes
