"""How many messages an account may still send to a person, as a value with a time.

The rule where the sources are silent: a grant does not add up; the count becomes the higher of what is left and what is
granted, and it lasts until the later of the two ends. At its end a quota is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handlers.delivery.apis import GRANTS, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the person's acts have opened: `left` messages before `until` (None: nothing was ever opened)."""

    left: int = 0
    until: datetime | None = None

    def at(self, now: datetime) -> int:
        """Return how many messages may be sent at `now`; 0 once `until` is reached."""
        if self.until is None or self.until <= now:
            return 0
        return max(0, self.left)


def granted(quota: Quota, trigger: Trigger, *, now: datetime) -> Quota:
    """Return the quota after an act of the person at `now`."""
    grant = GRANTS[trigger]
    end = now + grant.window
    if quota.until is not None and quota.until > now:
        end = max(end, quota.until)
    return Quota(left=max(quota.at(now), grant.messages), until=end)


def spent(quota: Quota, *, now: datetime) -> Quota:
    """Return the quota after one message was sent at `now`; what is used up stays at 0."""
    return Quota(left=max(0, quota.at(now) - 1), until=quota.until)
