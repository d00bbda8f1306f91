"""Import each module named on standard input alone, in a process with nothing of its layer; print what is wrong.

The libraries are imported once and then forked, so that hundreds of fresh processes take seconds and not minutes. So
are the layers below, once each of their modules was imported alone: they import nothing of those above them (the
contracts of import-linter, and for the tables a test), so having them changes nothing for who imports them. A module
that works only after another one was imported, or that does work at import, is named with the reason.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
import traceback
from pathlib import Path

LIBRARIES = (
    "aiohttp.web",
    "aiosqlite",
    "alembic.command",
    "apscheduler.schedulers.asyncio",
    "argon2",
    "asyncpg",
    "cryptography.hazmat.primitives.ciphers",
    "defusedxml.ElementTree",
    "jinja2.sandbox",
    "numpy.typing",
    "openpyxl",
    "prometheus_client.exposition",
    "pydantic_settings",
    "rich.console",
    "rich.table",
    "segno",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "structlog",
    "tenacity",
    "typer",
    "uvloop",
    "wechatpy.enterprise.replies",
    "wechatpy.replies",
    "yaml",
)
#: From the lowest on; a module belongs to the first that it lies in.
LAYERS = ("content", "storage.tables", "storage", "handlers", "bot")
#: What must not lie ready in a module: it is built by whoever needs it.
MADE_AT_START = {
    "AsyncEngine",
    "AsyncIOScheduler",
    "Application",
    "ClientSession",
    "CollectorRegistry",
    "Console",
    "Content",
    "Database",
    "Engine",
    "Governor",
    "Settings",
    "ThreadPoolExecutor",
}


def main() -> int:
    """Return how many modules are wrong."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.disable()
    names = sys.stdin.read().split()
    wrong = 0
    for layer in (*LAYERS, ""):
        of_layer = [name for name in names if _layer_of(name) == layer]
        wrong += _check(of_layer)
        if wrong == 0 and layer:
            for name in of_layer:
                importlib.import_module(name)
    return wrong


def _layer_of(name: str) -> str:
    return next((layer for layer in LAYERS if name == layer or name.startswith(f"{layer}.")), "")


def _check(names: list[str]) -> int:
    """Return how many of the modules are wrong."""
    gc.freeze()  # a collection in a child would copy every page it shares with this process
    wrong = running = 0
    for name in names:
        if running == (os.cpu_count() or 1):
            wrong += _ended_badly()
            running -= 1
        _begin(name)
        running += 1
    return wrong + sum(_ended_badly() for _ in range(running))


def _begin(name: str) -> None:
    if os.fork() == 0:
        os._exit(_judge(name))


def _ended_badly() -> bool:
    return os.wait()[1] != 0


def _judge(name: str) -> int:
    try:
        before = _held()
        module = importlib.import_module(name)
        flaws = [f"holds {kind} `{label}` from import on" for label, kind in _ready_made(vars(module))]
        flaws += [
            f"at import {what} grew from {before[what]} to {now}" for what, now in _held().items() if now > before[what]
        ]
    except BaseException:
        flaws = [f"cannot be imported alone:\n{traceback.format_exc()}"]
    for flaw in flaws:
        print(f"{name}: {flaw}", flush=True)
    return int(bool(flaws))


def _held() -> dict[str, int]:
    return {"threads": threading.active_count(), "open files": len(list(Path("/proc/self/fd").iterdir()))}


def _ready_made(names: dict[str, object]) -> list[tuple[str, str]]:
    return [(label, type(value).__name__) for label, value in names.items() if type(value).__name__ in MADE_AT_START]


if __name__ == "__main__":
    sys.exit(min(main(), 100))
