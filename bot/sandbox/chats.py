"""What stands in every chat, as the person sees it on the phone, and who is looking at it."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ChatKey = tuple[str, str]


class Chats:
    """The chats by (account name, person's id or userid); the newest `length` messages of each are kept."""

    def __init__(self, *, length: int) -> None:
        self._length = length
        self._messages: dict[ChatKey, deque[dict[str, Any]]] = {}
        self._watchers: defaultdict[ChatKey, set[asyncio.Queue[dict[str, Any]]]] = defaultdict(set)

    def add(self, key: ChatKey, message: dict[str, Any]) -> None:
        """Show `message` in the chat."""
        if key not in self._messages:
            self._messages[key] = deque(maxlen=self._length)
        self._messages[key].append(message)
        self.tell(key, {"event": "message", "message": message})

    def messages(self, key: ChatKey) -> list[dict[str, Any]]:
        """Return the messages of the chat, oldest first."""
        return list(self._messages.get(key, ()))

    def recall(self, msgid: str) -> None:
        """Replace every message sent as `msgid` by the notice that it was taken back."""
        for key, messages in self._messages.items():
            for message in messages:
                if message.get("msgid") == msgid:
                    message.update(kind="recalled", text="对方撤回了一条消息", **{"from": "system"})
                    self.tell(key, {"event": "message", "message": message})

    def tell(self, key: ChatKey, news: dict[str, Any]) -> None:
        """Tell everybody who watches the chat."""
        for queue in self._watchers.get(key, ()):
            queue.put_nowait(news)

    @contextmanager
    def watch(self, key: ChatKey) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """Yield a queue that gets everything new in the chat."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._watchers[key].add(queue)
        try:
            yield queue
        finally:
            self._watchers[key].discard(queue)
            if not self._watchers[key]:
                del self._watchers[key]
