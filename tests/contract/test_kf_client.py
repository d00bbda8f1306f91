"""WeChat customer service over real HTTP: what no other channel has, its refusals, and whose turn it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.kf.client import KfClient, check_kf_account
from bot.channels.kf.render import message_id
from content.messages import TextReply
from handlers.conversation.ports import Session, SessionState
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.ports import Receipt
from tests.contract.channel_rig import BUILDERS, Rig, rigged
from tests.fakes.scripted_platform import Reply, serve


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def kf(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in rigged(http, *BUILDERS["kf"]):
        yield made


async def test_a_repeat_to_customer_service_bears_the_same_message_id_and_another_delivery_another(kf: Rig) -> None:
    kf.platform.script.extend(Reply(fields={"errcode": 0, "msgid": message_id("k1")}) for _ in range(3))
    receipts = [await kf.send(key=key) for key in ("k1", "k1", "k2")]
    first, repeat, other = (call.body for call in kf.platform.calls)
    assert first == repeat != other
    assert receipts[0] == Receipt(platform_id=message_id("k1"))
    assert [call.payload["msgid"] for call in kf.platform.calls] == [message_id(key) for key in ("k1", "k1", "k2")]


async def test_a_greeting_leaves_by_the_code_of_its_event(kf: Rig) -> None:
    greeting = TextReply(content="您好", code="WELCOME")
    await kf.channel.send(api="kf_on_event", recipient="wmP", content=greeting, idempotency_key="k")
    (call,) = kf.platform.calls
    assert (call.path, call.payload["code"]) == ("/cgi-bin/kf/send_msg_on_event", "WELCOME")
    with pytest.raises(Rejected, match="no API named"):
        await kf.channel.send(
            api="kf_on_event", recipient="wmP", content=TextReply(content="您好"), idempotency_key="k"
        )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (95001, QuotaExhausted),
        (95002, WindowClosed),
        (95018, WindowClosed),
        (95031, WindowClosed),
        (95013, Unreachable),
        (95000, AccountBlocked),
        (95012, AccountBlocked),
        (95017, AccountBlocked),
        (60020, AccountBlocked),
        (95030, Rejected),
        (41050, Rejected),
    ],
)
async def test_customer_services_refusals_say_what_to_do(kf: Rig, code: int, expected: type[ChannelError]) -> None:
    kf.platform.script.append(Reply(fields={"errcode": code, "errmsg": "anything at all"}))
    assert type(await kf.failure()) is expected


async def test_whose_turn_it_is_can_be_asked_and_changed(kf: Rig) -> None:
    client = kf.channel
    assert isinstance(client, KfClient)
    kf.platform.script.extend(
        [
            Reply(fields={"errcode": 0, "service_state": 3, "servicer_userid": "ZhangWei"}),
            Reply(fields={"errcode": 0, "service_state": 0, "servicer_userid": ""}),
            Reply(fields={"errcode": 0, "msg_code": "CODE"}),
            Reply(fields={"errcode": 0}),
            Reply(fields={"errcode": 95016}),
            Reply(fields={"errcode": 0, "service_state": 7}),
        ]
    )
    assert await client.state("wmP") == Session(state=SessionState.PERSON, staff="ZhangWei")
    assert await client.state("wmP") == Session(state=SessionState.NEW)
    assert await client.move("wmP", SessionState.POOL) == "CODE"
    assert await client.move("wmP", SessionState.PERSON, staff="LiNa") is None
    with pytest.raises(Rejected) as refused:
        await client.move("wmP", SessionState.BOT)
    assert refused.value.code == 95016
    with pytest.raises(OutcomeUnknown):
        await client.state("wmP")
    assert kf.platform.calls[3].payload == {
        "open_kfid": "wkA",
        "external_userid": "wmP",
        "service_state": 3,
        "servicer_userid": "LiNa",
    }


async def test_customers_are_asked_about_and_members_are_not(kf: Rig) -> None:
    client, customer = kf.channel, "wm" + "A" * 30
    assert isinstance(client, KfClient)
    kf.platform.script.extend(
        [
            Reply(fields={"errcode": 0, "customer_list": [{"external_userid": customer, "unionid": "u1"}]}),
            Reply(fields={"errcode": 0, "customer_list": [], "invalid_external_userid": [customer]}),
        ]
    )
    assert [await client.user_info(who) for who in (customer, customer, "ZhangWei")] == ["u1", None, None]
    assert [call.payload for call in kf.platform.calls] == [{"external_userid_list": [customer]}] * 2


@pytest.mark.parametrize(
    ("answers", "mended"),
    [
        ([{"account_list": [{"open_kfid": "wkA", "manage_privilege": True}]}], True),
        (
            [{"account_list": [{"open_kfid": f"wk{n}"} for n in range(100)]}, {"account_list": [{"open_kfid": "wkA"}]}],
            True,
        ),
        ([{"account_list": [{"open_kfid": "wkA", "manage_privilege": False}]}], False),
        ([{"account_list": [{"open_kfid": "wkB"}]}], False),
        ([{"account_list": []}], False),
    ],
)
async def test_an_account_is_looked_for_among_those_of_the_secret(
    kf: Rig, answers: list[dict[str, object]], mended: bool, http: aiohttp.ClientSession
) -> None:
    kf.platform.script.extend(Reply(fields={"errcode": 0, **answer}) for answer in answers)
    async with serve(kf.platform) as address:
        api = PlatformApi(http=http, base_url=address, clock=kf.clock)
        if mended:
            await check_kf_account(api, token="t", open_kfid="wkA")
        else:
            with pytest.raises(AccountBlocked) as refused:
                await check_kf_account(api, token="t", open_kfid="wkA")
            assert refused.value.code is None
    assert len(kf.platform.calls) == len(answers)
