"""A link by which customers download what is kept of them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from handlers.clock import Clock
from storage.customer_export import CustomerData, Gathered
from storage.export_links import ExportLinks
from storage.viewer import Viewer

#: Where the page lies on the bot's web edge.
PATH: Final = "/my-data"
#: In the audit: it was the customer themselves.
CUSTOMER: Final = Viewer(name="customer", role="customer")
_SECRET_BYTES: Final = 32


class OwnData:
    """Makes links and honours them, each once."""

    def __init__(self, *, links: ExportLinks, data: CustomerData, clock: Clock, public_url: str, hours: float) -> None:
        """`public_url`: the address under which customers reach the bot's web edge; empty: there is none."""
        self._links = links
        self._data = data
        self._clock = clock
        self._public_url = public_url
        self.hours = hours

    async def link(self, customer_id: int) -> str | None:
        """Return a fresh link of 256 random bits; None where the bot has no address of its own."""
        if not self._public_url:
            return None
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        await self._links.add(customer_id, digest_of(secret), now=now, expires_at=now + timedelta(hours=self.hours))
        return f"{self._public_url}{PATH}/{secret}"

    async def is_good(self, secret: str) -> bool:
        """Tell whether a link can still be used."""
        return await self._links.is_good(digest_of(secret), now=self._clock.now())

    async def download(self, secret: str) -> Gathered | None:
        """Use a link up and return the data; None when it is not good any more."""
        now = self._clock.now()
        customer_id = await self._links.use(digest_of(secret), viewer=CUSTOMER, now=now)
        return None if customer_id is None else await self._data.gather(customer_id, now=now)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a link's secret; it is random, so that a plain digest is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
