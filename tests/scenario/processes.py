"""Real processes under test: started, waited for until they listen, stopped, killed; their logs kept in files."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: Real seconds; a healthy process needs about one.
_START_SECONDS: Final = 40.0
#: The grace that the runbook asks for.
_STOP_SECONDS: Final = 45.0
_ADDRESS: Final = re.compile(r"http://[0-9.]+:([0-9]+)")


class ProcessFailed(Exception):
    """A process did not do what it must; the text holds the end of its log."""


def environment(home: Path, database_url: str = "") -> dict[str, str]:
    """Return the environment of a process that lives in `home`, without anything of the caller's own settings."""
    # A run starts a hundred processes: they must find each other's compiled modules, whatever the caller prefers.
    dropped = ("ZHIKE_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    named = {"ZHIKE_HOME": str(home), "ZHIKE_DATABASE_URL": database_url}
    # A bare terminal: rich must neither colour nor fold what the tests read.
    return {**kept, **{name: value for name, value in named.items() if value}, "TERM": "dumb", "COLUMNS": "400"}


def run_command(
    *arguments: str,
    home: Path,
    database_url: str = "",
    seconds: float = 60.0,
    more: Mapping[str, str] | None = None,
    typed: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run `zhike ARGUMENTS` to its end and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=environment(home, database_url) | dict(more or {}),
        capture_output=True,
        input=typed,
        text=True,
        timeout=seconds,
        check=False,
    )


class Child:
    """One process. Its first line on standard output names the address it listens on."""

    def __init__(self, name: str, arguments: Sequence[str], *, home: Path, database_url: str = "") -> None:
        self.name = name
        self.log = home / f"{name}.log"
        self._arguments = list(arguments)
        self._env = environment(home, database_url)
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> int:
        """Start it and return the port it listens on. Raises ProcessFailed."""
        with self.log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], _START_SECONDS)
        line = self._process.stdout.readline() if readable else ""
        address = _ADDRESS.search(line)
        if address is None:
            self.kill()
            raise ProcessFailed(f"{self.name} did not say where it listens, but {line!r}\n{self.tail()}")
        self.port = int(address[1])
        return self.port

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = _STOP_SECONDS) -> int:
        """Return its exit code once it has ended. Raises ProcessFailed when it does not end."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailed(f"{self.name} did not stop within {seconds} s\n{self.tail()}") from None
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()

    def stop(self) -> int:
        """Ask it to stop and return its exit code; 0 when it does not run."""
        if not self.is_running:
            return 0
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def actions(self) -> Counter[str]:
        """Return how often each action word stands in its log."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return Counter(str(json.loads(line).get("action")) for line in lines if line.startswith("{"))

    def tail(self, lines: int = 30) -> str:
        """Return the end of its log."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return f"--- {self.name}.log ---\n" + "\n".join(text.splitlines()[-lines:])
