"""The two servers under measurement, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from tests.bench.callbacks import Account
from tests.fakes.echo import write_echo

ROOT: Final = Path(__file__).resolve().parents[2]
RECORDED: Final = Account(name="recorded")
ANSWERED: Final = Account(name="answered")
_STOP_SECONDS: Final = 45.0


class ServerFailed(Exception):
    """A server did not start; the text names its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server."""

    port: int
    process: psutil.Process

    @property
    def rss(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it has taken so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def write_home(home: Path, *, database_url: str, port: int) -> None:
    """Write the bot's settings: two accounts, one that only records and one that answers."""
    blocks = [
        _block("[insurer]", {"hotline": "95500"}),
        _block("[database]", {"url": database_url}),
        _block("[web]", {"host": "127.0.0.1", "port": port}),
        _block("[log]", {"level": "warning"}),
        _block("[consent]", {"ask": False}),
        _block("[[accounts]]", _account(RECORDED, answers="none")),
        _block("[[accounts]]", _account(ANSWERED, answers="passive")),
    ]
    home.mkdir(parents=True, exist_ok=True)
    (home / "zhike.toml").write_text("\n".join(blocks), encoding="utf-8")
    write_echo(home)


@contextmanager
def zhike(home: Path, *, port: int) -> Iterator[Server]:
    """Yield a serving bot."""
    with _running(["-m", "bot", "serve"], log=home / "zhike.log", port=port, env={"ZHIKE_HOME": str(home)}) as server:
        yield server


@contextmanager
def bare(home: Path, *, port: int) -> Iterator[Server]:
    """Yield the baseline, on the secrets of the account that only records."""
    secrets = ["--token", RECORDED.secret("token"), "--aes-key", RECORDED.aes_key, "--app-id", RECORDED.app_id]
    arguments = ["-m", "tests.bench.bare_server", "--port", str(port), *secrets]
    with _running(arguments, log=home / "bare.log", port=port) as server:
        yield server


@contextmanager
def _running(
    arguments: Sequence[str], *, log: Path, port: int, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(env or {})},
        )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise ServerFailed(f"{' '.join(arguments[:3])} did not start; its log is {log}")
        yield Server(port=port, process=psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _account(account: Account, *, answers: str) -> dict[str, Any]:
    return {
        "name": account.name,
        "channel": "wechat",
        "title": f"安和人寿 {account.name}",
        "app_id": account.app_id,
        "original_id": account.original_id,
        "mode": "safe",
        "secret": account.secret("secret"),
        "callback_token": account.secret("token"),
        "callback_aes_key": account.aes_key,
        # A closed port: nothing here sends actively.
        "api_base_url": "http://127.0.0.1:9",
        "answers": answers,
    }


def _block(title: str, values: Mapping[str, Any]) -> str:
    # A JSON string, number or truth value is a TOML one.
    return "\n".join([title, *(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()), ""])
