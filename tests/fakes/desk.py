"""A web process that serves one account over a route as slow as a test wants, and the platform's attempts at it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from content.consent import Consent, ConsentState
from content.messages import Inbound, InboundBody, Purpose, Text, TextReply
from handlers.conversation.accounts import ConversationConfig, ServedAccount
from handlers.conversation.commands import Commands
from handlers.conversation.inbox import Answered, Inbox
from handlers.conversation.lanes import Lanes
from handlers.conversation.routing import Route
from handlers.conversation.sent import Sent
from handlers.conversation.standing import Standings
from handlers.conversation.turn import ConsentChanged, NotHandled, Outcome, Reply, Turn
from handlers.conversation.turns import Turns
from handlers.conversation.watch import Watch
from handlers.delivery.governor import Governor
from storage.accounts import Transaction
from storage.connection import Connection
from tests.fakes.clock import ManualClock
from tests.fakes.sending import TABLE
from tests.fakes.stores import OpenStores

_STEP = 0.5


class SlowRoute:
    """Says back what it heard after some time on the clock; remembers the turns it was asked. 退订 is a refusal."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.seconds = 0.0
        self.purpose = Purpose.SERVICE
        self.version = "v1"
        #: What it says after the first answer.
        self.further: list[str] = []
        self.error: Exception | None = None
        self.turns: list[str] = []
        self.running = 0
        self.most_running = 0

    async def handle(self, turn: Turn) -> Outcome | NotHandled:
        self.turns.append(turn.text)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self.seconds:
                await self._clock.sleep(self.seconds)
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        if not turn.text:
            return Outcome()
        words = [f"答{turn.text}", *self.further]
        return Outcome(
            replies=tuple(
                Reply(content=TextReply(content=each), purpose=self.purpose, content_version=self.version)
                for each in words
            ),
            effects=tuple(
                ConsentChanged(
                    consent=Consent.MARKETING, state=ConsentState.WITHDRAWN, text_version="v1", evidence=part.message
                )
                for part in turn.fragments
                if part.text == "退订"
            ),
        )


def _apologise(_turn: Turn) -> Outcome:
    return Outcome(replies=(Reply(content=TextReply(content="抱歉"), content_version="v1"),))


class Desk:
    """One web process that serves one account, and the platform's attempts at it."""

    def __init__(
        self,
        stores: OpenStores,
        clock: ManualClock,
        served: ServedAccount,
        *,
        holder: str,
        sent: dict[str, datetime],
        waits: bool = True,
        config: ConversationConfig | None = None,
    ) -> None:
        #: When each message was sent first: the platform repeats that with every attempt, at whichever process.
        self._sent = sent
        self.stores = stores
        self.clock = clock
        self.route = SlowRoute(clock)
        self.woken = 0
        config = config or ConversationConfig()
        turns = Turns(
            routes=(Route(name="slow", matches=lambda _: True, handle=self.route.handle, waits=waits),),
            standings=Standings(stores.history, labels=frozenset()),
            accounts={served.row.id: served},
            governor=Governor(TABLE, reply_reserve=1),
            apology=_apologise,
            commands=Commands(("导出我的数据",)),
            clock=clock,
            config=config,
        )
        self.lanes = Lanes(
            handling=stores.handling,
            turns=turns,
            accounts=(served.row.id,),
            clock=clock,
            holder=holder,
            config=config,
            on_outbox=self._wake,
        )
        watch = Watch(stores.replies, clock=clock)
        self.sent = Sent(stores.replies)
        self.inbox = Inbox(
            served,
            table=TABLE,
            log=stores.log,
            replies=stores.replies,
            lanes=self.lanes,
            turns=turns,
            watch=watch,
            sent=self.sent,
            clock=clock,
            config=config,
        )
        self._tasks: list[asyncio.Task[Answered]] = []

    def _wake(self) -> None:
        self.woken += 1

    async def push(
        self, words: str | InboundBody, *, person: str = "alice", key: str | None = None, age: float = 0.0
    ) -> Attempt:
        """Let the platform make an attempt now at a message that is `age` seconds old (in its whole seconds)."""
        body = Text(content=words) if isinstance(words, str) else words
        key = key or f"m:{person}:{len(self._tasks)}"
        sent_at = (self.clock.now() - timedelta(seconds=age)).replace(microsecond=0)
        inbound = Inbound(
            account="service", sender=person, key=key, sent_at=self._sent.setdefault(key, sent_at), body=body
        )
        task = asyncio.create_task(self.inbox.receive(inbound))
        self._tasks.append(task)
        await self.rest()
        return Attempt(task)

    async def rest(self) -> None:
        """Return when everything that needs no time on the clock has happened."""
        for _ in range(4):
            await self.stores.writer.write(_nothing, None, account_id=1)
            await self.stores.database.write(_nothing_alone)
            await self.stores.count("work")
            for _ in range(10):
                await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        """Let time pass, in small steps."""
        for _ in range(round(seconds / _STEP)):
            await self.clock.advance(_STEP)
            await self.rest()

    async def close(self) -> None:
        """End as a killed process does: nothing is finished, no lease is ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.lanes.cut_off()
        await self.sent.finish()


class Attempt:
    """One attempt of the platform at a message."""

    def __init__(self, task: asyncio.Task[Answered]) -> None:
        self._task = task

    @property
    def answer(self) -> Answered | None:
        """What it was answered, None while it waits."""
        return self._task.result() if self._task.done() else None

    @property
    def words(self) -> str | None:
        """The words that it carries."""
        reply = self.answer.reply if self.answer else None
        return reply.content if isinstance(reply, TextReply) else None


async def _nothing(_transaction: Transaction, items: Any) -> list[None]:
    return [None] * len(items)


async def _nothing_alone(_connection: Connection) -> None:
    return None
