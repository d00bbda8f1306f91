"""The demonstration's processes: started, waited for until they listen, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

_START_SECONDS = 30.0
_STOP_SECONDS = 12.0


class StartFailed(Exception):
    """A process ended or said nothing before it listened; the text names its log."""


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """One process with its log file. Its first line on standard output says that it listens."""

    def __init__(self, name: str, arguments: list[str], *, home: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._home = home
        self.log = home / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it and return its first line. Raises StartFailed."""
        with self.log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._arguments,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "ZHIKE_HOME": str(self._home)},
            )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _START_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise StartFailed(f"{self.name} did not start; its log is {self.log}")
        return line.decode().strip()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    async def stop(self) -> int:
        """Ask it to stop, and kill it when it does not; return its exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()
