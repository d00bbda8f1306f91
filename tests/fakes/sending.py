"""The sending loop over a scripted channel, and people to whom something is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from handlers.clock import Clock
from handlers.delivery.apis import Audience
from handlers.delivery.governor import Governor
from handlers.delivery.retry import RetryPolicy
from handlers.delivery.sender import Outlet, Sender, SenderConfig
from storage.records import Recorded, Way
from tests.fakes.channel import ScriptedChannel
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


def official(channel: ScriptedChannel) -> Outlet:
    """Return the way out of an official account."""
    return Outlet(channel=channel, channel_name="wechat", audience=Audience.CUSTOMER, apis=("custom_send",))


def application(channel: ScriptedChannel) -> Outlet:
    """Return the way out of a WeCom application."""
    return Outlet(channel=channel, channel_name="wecom", audience=Audience.STAFF, apis=("message_send",))


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
        governor=Governor(reply_reserve=1),
        policy=RetryPolicy(rng=Random(7), max_attempts=max_attempts),
        outlets=outlets,
        clock=clock,
        holder=holder,
        config=SenderConfig(claim_size=claim_size, lease=30.0),
        on_settled=on_settled,
    )


async def owe(
    stores: OpenStores, visitors: Visitors, person: str, *words: str, now: datetime, purpose: str = "service"
) -> Recorded:
    """Let a person ask something, and answer with `words` through the outbox; return the question."""
    said = await visitors.say(person, "问")
    handled = turn(lease_of(said), [said.seq], *words, now=now, way=Way.OUTBOX, purpose=purpose)
    await stores.handling.finish(handled)
    return said
