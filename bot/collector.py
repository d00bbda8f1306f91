"""How often the process looks for cycles of objects that nobody holds any more."""

from __future__ import annotations

import gc
from typing import Final

#: New objects after which the youngest are looked through for cycles, and how many such rounds make an older one.
#: Python's 700 cost 3 % of a busy process's time, these 0.4 %. Much more would keep what lies in cycles too long: with
#: 10,000, errors of bad callbacks made the process grow by a tenth.
_COLLECT_AFTER: Final = (3_000, 10, 5)


def collect_seldom() -> None:
    """Set the collector for a long run; called once everything that stays was made.

    A full collection need not walk through every imported module again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
