"""The load: people write through the sandbox, steadily, each text with a token that its reply carries back."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import aiohttp

from tests.crash.world import ACCOUNTS

TOKEN: Final = re.compile(r"t\d{8}x")
_TICK_SECONDS: Final = 0.1
_BURST_SHARE: Final = 0.2


class LoadFailed(Exception):
    """The sandbox did not take an act; the text says what it answered."""


class Load:
    """Pushes texts at `rate` a second until told to stop."""

    def __init__(self, http: aiohttp.ClientSession, *, sandbox_url: str, rate: float, rng: Random) -> None:
        self._http = http
        self._url = f"{sandbox_url}/sandbox/acts"
        self._rate = rate
        self._rng = rng
        self._numbers = itertools.count(1)
        #: How many texts were given to the sandbox.
        self.sent = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the rate until `stop` is set; what a slow moment delays is caught up."""
        began = time.monotonic()
        while not stop.is_set():
            acts: list[dict[str, Any]] = []
            while self.sent + len(acts) < (time.monotonic() - began) * self._rate:
                acts += self._burst()
            if acts:
                await self._push(acts)
            await asyncio.sleep(_TICK_SECONDS)

    def _burst(self) -> Iterator[dict[str, Any]]:
        """Yield what one person says next: mostly one text, sometimes two or three in a row."""
        account = self._rng.choices(ACCOUNTS, [account.share for account in ACCOUNTS])[0]
        person = account.person(self._rng.randrange(account.people))
        texts = self._rng.randint(2, 3) if self._rng.random() < _BURST_SHARE else 1
        for _ in range(texts):
            text = f"回声 t{next(self._numbers):08d}x"
            yield {"account": account.name, "person": person, "act": "text", "text": text}

    async def _push(self, acts: list[dict[str, Any]]) -> None:
        async with self._http.post(self._url, json={"acts": acts}) as response:
            answer = await response.json()
        refused = [result for result in answer.get("results", [{}]) if not result.get("push")]
        if response.status != 200 or refused:
            raise LoadFailed(f"the sandbox answered {response.status}: {refused or answer}")
        self.sent += len(acts)


#: What goes wrong on the platform's side meanwhile; see bot/sandbox/faults.py.
FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"fault": "busy", "path": "/cgi-bin/message/custom/send", "probability": 0.05},
    {"fault": "slow", "path": "/cgi-bin/message/custom/send", "probability": 0.05, "seconds": 0.4},
    {"fault": "drop_after_accept", "path": "/cgi-bin/message/custom/send", "probability": 0.01},
    {"fault": "expired_token", "path": "/cgi-bin/message/custom/send", "probability": 0.005},
    {"fault": "duplicate_callback", "probability": 0.02},
    {"fault": "reorder_callback", "probability": 0.01, "seconds": 0.5},
)


async def set_faults(http: aiohttp.ClientSession, sandbox_url: str) -> None:
    """Set the faults of a run."""
    for fault in FAULTS:
        async with http.post(f"{sandbox_url}/sandbox/faults", json=fault) as response:
            if response.status != 200:
                raise LoadFailed(f"the sandbox did not take the fault {fault}: {await response.text()}")
