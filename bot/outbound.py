"""The HTTP session with which a process calls the platforms, through the egress proxy that the environment names."""

from __future__ import annotations

from typing import Final

import aiohttp

from bot.settings import Settings

#: The platforms close idle connections after some tens of seconds; one that is just closing would be `unknown`.
_KEEP_SECONDS: Final = 10
#: aiohttp's own; each call to a platform has a shorter one.
_LIMIT: Final = aiohttp.ClientTimeout(total=300)


def open_http(settings: Settings, *, timeout: aiohttp.ClientTimeout = _LIMIT) -> aiohttp.ClientSession:
    """Return a session; to be closed by the caller.

    It obeys HTTPS_PROXY, HTTP_PROXY and NO_PROXY, unless a sandbox is followed: that one stands beside the bot, where
    no proxy leads.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, keepalive_timeout=_KEEP_SECONDS),
        timeout=timeout,
        trust_env=not settings.clock.sandbox_url,
    )
