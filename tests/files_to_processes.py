"""Which tests stay together when several processes share a run: a file; of a scenario, a file on one kind of database.

What a file shares, a town or a browser, costs seconds to start; a town is of one kind of database. `--dist loadgroup`
of pytest-xdist 3.8 would be the declared way; it has no effect under pytest 9.2, which keeps node ids elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from xdist.scheduler import LoadScopeScheduling

_KIND: Final = re.compile(r"\[(sqlite|postgresql)[\]-]")


class FilesToProcesses(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole files, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test stays together with."""
        file, _, test = nodeid.partition("::")
        kind = _KIND.search(test) if file.startswith("tests/scenario/") else None
        return file if kind is None else f"{file}:{kind[1]}"
