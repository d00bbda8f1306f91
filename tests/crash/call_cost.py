"""What one call to the sandbox costs, so that nobody takes the simulated platform's time for the bot's."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import aiohttp

from tests.crash.world import SERVICE

_CALLS: Final = 200


async def sandbox_us_per_call(sandbox_url: str) -> float:
    """Return the median of sequential calls of `stable_token` on one connection, in microseconds.

    Call it before the bot runs: what is measured is the sandbox alone, its record's fsync included.
    """
    asked = {"grant_type": "client_credential", "appid": SERVICE.app_id, "secret": SERVICE.secret("secret")}
    took = []
    async with aiohttp.ClientSession() as http:
        for _ in range(_CALLS):
            began = time.perf_counter()
            async with http.post(f"{sandbox_url}/oa/cgi-bin/stable_token", json=asked) as response:
                answer = await response.json()
            took.append(time.perf_counter() - began)
            assert "access_token" in answer, answer
    return round(median(took) * 1e6, 1)
