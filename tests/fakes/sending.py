"""The sending loop over a scripted channel, and people to whom something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final

from content.messages import TextReply
from handlers.clock import Clock
from handlers.delivery.apis import CUSTOM_SEND, MESSAGE_SEND, Audience
from handlers.delivery.governor import Governor
from handlers.delivery.limits import Limits
from handlers.delivery.outlets import Outlet
from handlers.delivery.ports import Carrier
from handlers.delivery.retry import RetryPolicy
from handlers.delivery.sender import Sender, SenderConfig
from handlers.delivery.table import SendingTable
from storage.attempts import Begun, Settlement
from storage.claims import Claimed
from storage.records import Grant, Recorded, Way
from tests.fakes.channel import ScriptedChannel
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import FIVE_IN_TWO_DAYS, Visitors, lease_of, turn

#: How long the workers of tests hold what they claim.
DELIVERY_LEASE: Final = timedelta(seconds=30)
#: The published figures.
TABLE: Final = SendingTable(Limits())


def official(channel: ScriptedChannel, carrier: Carrier | None = None) -> Outlet:
    """Return the way out of an official account."""
    apis = (TABLE.find(CUSTOM_SEND),)
    return Outlet(channel=channel, channel_name="wechat", audience=Audience.CUSTOMER, apis=apis, carrier=carrier)


def application(channel: ScriptedChannel, carrier: Carrier | None = None) -> Outlet:
    """Return the way out of a WeCom application."""
    apis = (TABLE.find(MESSAGE_SEND),)
    return Outlet(channel=channel, channel_name="wecom", audience=Audience.STAFF, apis=apis, carrier=carrier)


def sender_of(
    stores: OpenStores,
    clock: Clock,
    outlets: dict[int, Outlet],
    *,
    holder: str = "worker-1",
    claim_size: int = 20,
    max_attempts: int = 6,
    on_settled: Callable[[str], None] = lambda _state: None,
) -> Sender:
    """Return a sending loop with a lease of 30 seconds and a fixed seed."""
    return Sender(
        outbox=stores.outbox,
        governor=Governor(TABLE, reply_reserve=1),
        policy=RetryPolicy(rng=Random(7), max_attempts=max_attempts),
        outlets=outlets,
        clock=clock,
        holder=holder,
        config=SenderConfig(claim_size=claim_size, lease=30.0),
        on_settled=on_settled,
    )


async def send_due(sender: Sender) -> int:
    """Let what is due and has room be sent; return how many rows when all of them are settled."""
    tasks = await sender.take_up()
    await asyncio.gather(*tasks)
    return len(tasks)


async def owe(
    stores: OpenStores,
    visitors: Visitors,
    person: str,
    *words: str,
    now: datetime,
    purpose: str = "service",
    grant: Grant | None = FIVE_IN_TWO_DAYS,
) -> Recorded:
    """Let a person ask something, and answer with `words` through the outbox; return the question."""
    said = await visitors.say(person, "问", grant=grant)
    handled = turn(lease_of(said), [said.seq], *words, now=now, way=Way.OUTBOX, purpose=purpose)
    await stores.handling.finish(handled)
    return said


async def claim(stores: OpenStores, clock: Clock, *, holder: str = "worker-1", limit: int = 20) -> list[Claimed]:
    """Claim what is due as a worker would."""
    now = clock.now()
    accounts = [row["id"] for row in await stores.rows("SELECT id FROM account")]
    room = dict.fromkeys(accounts, limit)
    return await stores.outbox.claim(room=room, holder=holder, now=now, until=now + DELIVERY_LEASE)


async def begin(
    stores: OpenStores, clock: Clock, row: Claimed, *, holder: str = "worker-1", cost: int = 1
) -> Begun | Settlement:
    """Begin the attempt at a claimed row through `custom_send`; say what came of asking."""
    return await stores.outbox.begin(
        row,
        holder=holder,
        now=clock.now(),
        decide=lambda _person, _recent: "custom_send",
        costs=lambda _name: cost,
        look_back=timedelta(0),
    )


async def settle(stores: OpenStores, clock: Clock, settlement: Settlement, *, holder: str = "worker-1") -> None:
    """Write what a row becomes."""
    await stores.outbox.settle([settlement], holder=holder, now=clock.now())


async def delivery_states(stores: OpenStores) -> list[str]:
    """Return the states of all deliveries in the order of planning."""
    return [row["state"] for row in await stores.rows("SELECT state FROM delivery ORDER BY id")]


def words_of(row: Claimed) -> str:
    """Return the words of a claimed row."""
    assert isinstance(row.content, TextReply)
    return row.content.content
