"""Noting which replies have left in an HTTP answer: beside the answers, many of them in one write.

The connection of an answer is free for the platform's next push as soon as its bytes are written; it need not wait for
a COMMIT of our book-keeping. What a kill takes with it stays `handed` and becomes `unknown` (docs/states.md).
"""

from __future__ import annotations

import asyncio

import structlog

from storage.replies import Replies

log = structlog.get_logger()


class Sent:
    """Moves replies from handed to sent as soon as the writer takes them."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._noted: dict[int, list[int]] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, account_id: int, seq: int) -> None:
        """Note that the bytes of a message's first reply were given to the platform's connection."""
        self._noted.setdefault(account_id, []).append(seq)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="sent")

    async def finish(self) -> None:
        """Return when everything that was noted is written, or could not be."""
        while self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        try:
            while self._noted:
                noted, self._noted = self._noted, {}
                writes = [self._replies.mark_sent(account_id, seqs) for account_id, seqs in noted.items()]
                for failed in await asyncio.gather(*writes, return_exceptions=True):
                    if failed is not None:
                        log.error("Sent replies could not be noted.", action="sent_not_noted", detail=repr(failed))
        finally:
            self._writing = None
