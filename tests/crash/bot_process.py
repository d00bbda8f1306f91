"""The bot as the crash run starts it: the real process, with a probe that can end it at a named point.

Standard input takes orders: the line `handled 7` means: SIGKILL yourself at the seventh passing of `handled` from now.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterable

from bot.roles import ALL_ROLES, Role
from bot.serve import run
from bot.settings import find_home, load_settings


class Tripwire:
    """A probe that kills its own process when the armed point has been passed often enough."""

    def __init__(self) -> None:
        self._armed: tuple[str, int] | None = None
        self._lock = threading.Lock()

    def arm(self, point: str, passings: int) -> None:
        """Kill this process at the `passings`-th passing of `point` from now."""
        with self._lock:
            self._armed = (point, passings)

    def __call__(self, point: str) -> None:
        with self._lock:
            if self._armed is None or self._armed[0] != point:
                return
            left = self._armed[1] - 1
            self._armed = (point, left)
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def obey(tripwire: Tripwire, orders: Iterable[str]) -> None:
    """Arm the tripwire as each line says."""
    for order in orders:
        point, passings = order.split()
        tripwire.arm(point, int(passings))


def main() -> int:
    """Serve in the roles of the command line (all when none is given)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", action="append", choices=[role.value for role in Role])
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    settings = load_settings(find_home(os.environ), os.environ)
    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": arguments.port})})
    tripwire = Tripwire()
    threading.Thread(target=obey, args=(tripwire, sys.stdin), daemon=True).start()
    roles = frozenset(Role(name) for name in arguments.role) if arguments.role else ALL_ROLES
    return run(settings, roles, probe=tripwire)


if __name__ == "__main__":
    sys.exit(main())
