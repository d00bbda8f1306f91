"""The bot's processes under a supervisor that starts each one again at once, as an init system would."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 45.0


class StartFailed(Exception):
    """A process ended before it served; the text names its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One process of the deployment: its roles (none: all) and its port."""

    name: str
    roles: tuple[str, ...] = ()
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a process ended, at epoch seconds."""

    at: float
    code: int


class Supervised:
    """One slot, kept running until it is stopped."""

    def __init__(self, slot: Slot, *, home: Path) -> None:
        self.slot = slot
        self.exits: list[Exit] = []
        #: Seconds from each exit until the process served again.
        self.restarts: list[float] = []
        self.log = home / f"{slot.name}.log"
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self._serving = asyncio.Event()
        self._ended = asyncio.Condition()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and return when it serves. Raises StartFailed."""
        self._task = asyncio.create_task(self._keep_running(), name=self.slot.name)
        serving = asyncio.create_task(self._serving.wait())
        await asyncio.wait({serving, self._task}, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            serving.cancel()
            raise StartFailed(f"{self.slot.name} does not serve; its log is {self.log}")

    async def arm(self, point: str, passings: int) -> None:
        """Tell the running process to end itself at the n-th passing of `point`."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(ConnectionError):
                process.stdin.write(f"{point} {passings}\n".encode())
                await process.stdin.drain()

    def kill(self) -> None:
        """SIGKILL the running process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def next_exit(self, known: int) -> Exit:
        """Return the exit after the first `known` ones, waiting for it."""
        async with self._ended:
            await self._ended.wait_for(lambda: len(self.exits) > known)
        return self.exits[known]

    async def serving(self) -> None:
        """Return when the process serves."""
        await self._serving.wait()

    async def stop(self) -> int:
        """Ask the process to stop, kill it when it does not, and return its exit code."""
        self._stopping = True
        if self._process is None or self._task is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._task), _STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await self._task
        return self.exits[-1].code

    async def _keep_running(self) -> None:
        while not self._stopping:
            process = self._process = await self._spawn()
            assert process.stdout is not None
            if (await process.stdout.readline()).startswith(b"zhike serving"):
                self._serving.set()
                self.restarts += [time.time() - ended.at for ended in self.exits[-1:]]
            code = await process.wait()
            ended = Exit(at=time.time(), code=code)
            never_served = not self._serving.is_set()
            self._serving.clear()
            async with self._ended:
                self.exits.append(ended)
                self._ended.notify_all()
            if never_served and code != -signal.SIGKILL:
                raise StartFailed(f"{self.slot.name} ended with {code} before it served; its log is {self.log}")

    async def _spawn(self) -> asyncio.subprocess.Process:
        roles = [word for role in self.slot.roles for word in ("--role", role)]
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.crash.bot_process",
                "--port",
                str(self.slot.port),
                *roles,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "ZHIKE_HOME": str(self._home)},
            )
