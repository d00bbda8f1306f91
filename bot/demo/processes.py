"""The demonstration's processes: started, waited for until they listen, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_START_SECONDS = 30.0
#: The grace that the runbook asks for.
_STOP_SECONDS = 45.0


class StartFailed(Exception):
    """A process ended or said nothing before it listened; the text names its log."""


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Path, of_caller: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: the caller's without any setting of Zhike's, and where the child's own are.

    A caller's ZHIKE_DATABASE_URL would let the demonstration write into the database that is in use.
    """
    kept = {name: value for name, value in of_caller.items() if not name.startswith("ZHIKE_")}
    return kept | {"ZHIKE_HOME": str(home)}


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
                env=environment(self._home, os.environ),
            )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _START_SECONDS)
        except TimeoutError:
            line = b""
        if not line:
            raise StartFailed(f"{self.name} 没有启动。{self._last_words()}")
        return line.decode().strip()

    async def wait(self) -> int:
        """Return its exit code once it has ended."""
        assert self._process is not None
        return await self._process.wait()

    def ended(self, code: int) -> str:
        """Return the sentence that says that it ended with `code` although it was to stay."""
        return f"{self.name} 意外结束（退出码 {code}）。{self._last_words()}"

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").split("\n") if self.log.exists() else []
        last = next((line for line in reversed(lines) if line.strip()), "（空）")
        return f"日志是 {self.log}，最后一行：{last}"

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
