"""How `zhike` ends; 70 (something vital ended while serving) is `bot.serve`'s."""

from __future__ import annotations

from typing import Final

#: A finding or a flaw.
EXIT_FLAW: Final = 1
#: Settings, content, database or an address keep it from starting.
EXIT_CONFIG: Final = 78
