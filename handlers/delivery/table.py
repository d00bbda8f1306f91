"""The sending table of `docs/sending.md` with the figures that the settings give it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from content.messages import InboundBody
from handlers.delivery.apis import CUSTOM_SEND, FETCHED_CHANNELS, Api, rows
from handlers.delivery.grants import Trigger, granted_by, trigger_of
from handlers.delivery.limits import Limits
from storage.records import Grant


class SendingTable:
    """Looks up what an API may carry and what an act of a person grants."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.apis = MappingProxyType({api.name: api for api in rows(limits)})

    def find(self, name: str) -> Api:
        """Return the row of that name. Raises LookupError naming those there are."""
        try:
            return self.apis[name]
        except KeyError:
            raise LookupError(f"no sending API is called {name!r}; there are {', '.join(self.apis)}") from None

    def grant_of(self, body: InboundBody, *, channel: str, age: timedelta = timedelta(0)) -> Grant | None:
        """Return what an inbound message on `channel` lets the account send, None when that is nothing.

        `age`: how long ago it was said; counts where messages are fetched, since the platform counts from then.
        """
        trigger = trigger_of(body)
        if channel in FETCHED_CHANNELS:
            grant = self._limits.after_kf_message
            left = grant.window - max(age, timedelta(0))
            return replace(grant, window=left) if trigger is Trigger.MESSAGE and left > timedelta(0) else None
        if trigger is None or channel not in self.apis[CUSTOM_SEND].channels:
            return None
        return granted_by(trigger, self._limits)
