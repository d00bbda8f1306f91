"""How many messages an account may still send to a person, as a value with a time.

What an act of the person opens is written where the act is recorded (`storage.log`, by
`handlers.delivery.grants`), what a message takes where its attempt is committed (`storage.attempts`). The rule where
the sources are silent: a grant does not add up; the count becomes the higher of what is left and what is granted, and
it lasts until the later of the two ends. At its end a quota is worth nothing.
"""

from __future__ import annotations

from datetime import datetime

from content.value import value


@value
class Quota:
    """What the person's acts have opened: `left` messages before `until` (None: nothing was ever opened)."""

    left: int = 0
    until: datetime | None = None

    def at(self, now: datetime) -> int:
        """Return how many messages may be sent at `now`; 0 once `until` is reached."""
        if self.until is None or self.until <= now:
            return 0
        return max(0, self.left)
