"""Running a process until it is told to stop, or until something vital in it ends."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from bot import logs
from bot.app import Process
from bot.collector import collect_seldom
from bot.roles import Role
from bot.settings import Settings
from storage.probe import Probe, no_probe

EXIT_VITAL = 70
#: Seconds after which a busy thread lets another have the interpreter. The threads in which SQLite commits and reads
#: ask a busy event loop for it; Python's 5 ms would be added to every COMMIT and several times to every read.
_SWITCH_SECONDS = 0.0005


def run(settings: Settings, roles: frozenset[Role], *, probe: Probe = no_probe) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code. Raises StorageError and OSError when it cannot start."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    logs.configure(settings.log.level, settings.secret_values(), sys.stderr)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, roles, probe))


async def _serve(settings: Settings, roles: frozenset[Role], probe: Probe) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    process = Process(settings, roles, probe=probe)
    try:
        addresses = await process.start()
        collect_seldom()
        sys.stdout.write(f"zhike serving on {' '.join(addresses)}\n")
        sys.stdout.flush()
        waiting = [asyncio.ensure_future(event.wait()) for event in (stop, process.failed)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
    finally:
        await process.stop()
    return EXIT_VITAL if process.failed.is_set() else 0
