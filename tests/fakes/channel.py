"""A channel that a test tells what to answer, and that remembers what it was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from content.messages import Outgoing, TextReply
from handlers.delivery.ports import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached the channel."""

    api: str
    recipient: str
    content: Outgoing
    idempotency_key: str

    @property
    def words(self) -> str:
        """What was said."""
        assert isinstance(self.content, TextReply)
        return self.content.content


#: What becomes of a request: accepted, refused with an error, or whatever the callable makes of it.
Answer = Receipt | Exception | Callable[[Call], Awaitable[Receipt]]


class ScriptedChannel:
    """Answers requests with what was queued by `will`, in order; afterwards it accepts everything."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._answers: deque[Answer] = deque()

    def will(self, *answers: Answer) -> None:
        """Queue what becomes of the next requests."""
        self._answers.extend(answers)

    @property
    def said(self) -> list[tuple[str, str]]:
        """(recipient, words) of every request, in order."""
        return [(call.recipient, call.words) for call in self.calls]

    async def send(self, *, api: str, recipient: str, content: Outgoing, idempotency_key: str) -> Receipt:
        call = Call(api=api, recipient=recipient, content=content, idempotency_key=idempotency_key)
        self.calls.append(call)
        answer = self._answers.popleft() if self._answers else Receipt(platform_id=f"p{len(self.calls)}")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Receipt):
            return answer
        return await answer(call)
