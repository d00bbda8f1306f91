"""All channels keep one contract over real HTTP: what each outcome of a call means to the one who sends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.kf.client import KfClient, check_kf_account
from bot.channels.kf.render import message_id
from bot.channels.tokens import TokenKeeper
from bot.channels.wechat.client import WechatClient, WechatTokens
from bot.channels.wecom.client import WecomClient, WecomTokens
from content.messages import MenuReply, Option, TextReply
from handlers.conversation.ports import Session, SessionState
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    RetryLater,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.ports import Channel, Receipt
from tests.fakes.clock import START, ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf


@dataclass(frozen=True, kw_only=True)
class Rig:
    """One channel against its scripted platform."""

    channel: Channel
    platform: ScriptedPlatform
    shelf: TokenShelf
    clock: ManualClock
    api: str

    async def send(self, words: str = "您好", *, to: str = "oPerson", key: str = "k1") -> Receipt:
        return await self.channel.send(
            api=self.api, recipient=to, content=TextReply(content=words), idempotency_key=key
        )

    async def failure(self) -> ChannelError:
        with pytest.raises(ChannelError) as caught:
            await self.send()
        return caught.value


def _wechat(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> WechatClient:
    tokens = WechatTokens(api=api, app_id="wx1", secret="oa-secret")
    return WechatClient(api=api, tokens=TokenKeeper(key="wx1:x", store=shelf, fetch=tokens.fetch, clock=clock))


def _wecom(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> WecomClient:
    tokens = WecomTokens(api=api, corp_id="ww1", secret="app-secret")
    keeper = TokenKeeper(key="ww1:x", store=shelf, fetch=tokens.fetch, clock=clock)
    return WecomClient(api=api, tokens=keeper, agent_id=1000002)


def _kf(api: PlatformApi, shelf: TokenShelf, clock: ManualClock) -> KfClient:
    tokens = WecomTokens(api=api, corp_id="ww1", secret="app-secret")
    keeper = TokenKeeper(key="ww1:x", store=shelf, fetch=tokens.fetch, clock=clock)
    return KfClient(api=api, tokens=keeper, open_kfid="wkA")


BUILDERS: dict[str, tuple[Callable[[PlatformApi, TokenShelf, ManualClock], Channel], str]] = {
    "wechat": (_wechat, "custom_send"),
    "wecom": (_wecom, "message_send"),
    "kf": (_kf, "kf_send"),
}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(params=BUILDERS)
async def rig(request: pytest.FixtureRequest, http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    build, api_name = BUILDERS[request.param]
    async for made in _rigged(http, build, api_name):
        yield made


@pytest.fixture
async def wechat(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in _rigged(http, *BUILDERS["wechat"]):
        yield made


@pytest.fixture
async def wecom(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in _rigged(http, *BUILDERS["wecom"]):
        yield made


@pytest.fixture
async def kf(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in _rigged(http, *BUILDERS["kf"]):
        yield made


async def _rigged(
    http: aiohttp.ClientSession, build: Callable[[PlatformApi, TokenShelf, ManualClock], Channel], api_name: str
) -> AsyncIterator[Rig]:
    platform, shelf, clock = ScriptedPlatform(), TokenShelf(), ManualClock()
    async with serve(platform) as address:
        api = PlatformApi(http=http, base_url=address, clock=clock, connect_seconds=1, answer_seconds=0.3)
        yield Rig(channel=build(api, shelf, clock), platform=platform, shelf=shelf, clock=clock, api=api_name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_message_is_sent_with_a_token_and_raw_utf8(rig: Rig) -> None:
    await rig.send("险😊")
    (call,) = rig.platform.calls
    assert (call.method, call.query) == ("POST", {"access_token": "t1"})
    assert "险😊".encode() in call.body
    assert call.payload["text"] == {"content": "险😊"}


async def test_an_api_the_channel_does_not_have_is_rejected_without_a_call(rig: Rig) -> None:
    with pytest.raises(Rejected, match="no API named"):
        await rig.channel.send(api="carrier_pigeon", recipient="o", content=TextReply(content="x"), idempotency_key="k")
    assert (rig.platform.calls, rig.platform.token_calls) == ([], [])


@pytest.mark.parametrize("trouble", ["silence", "drop", "cut"])
async def test_once_bytes_have_left_a_missing_answer_leaves_the_outcome_unknown(rig: Rig, trouble: str) -> None:
    rig.platform.script.append(Reply(trouble=trouble))
    assert type(await rig.failure()) is OutcomeUnknown
    assert len(rig.platform.calls) == 1


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (500, b"<html>oops</html>"),
        (502, b""),
        (503, b'{"error": "no upstream"}'),
        (200, b"<html>captive portal</html>"),
        (200, b"[]"),
        (200, b'{"errcode": "many"}'),
        (200, b'{"errcode": 0, "err'),
        (200, b"\xff\xfe"),
    ],
)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(rig: Rig, status: int, raw: bytes) -> None:
    rig.platform.script.append(Reply(raw=raw, status=status))
    assert type(await rig.failure()) is OutcomeUnknown


async def test_an_error_code_counts_also_with_a_bad_http_status(rig: Rig) -> None:
    rig.platform.script.append(Reply(fields={"errcode": -1, "errmsg": "system error"}, status=500))
    assert type(await rig.failure()) is RetryLater


@pytest.mark.parametrize("code", [-1, "-1"])
async def test_a_busy_platform_did_nothing(rig: Rig, code: int | str) -> None:
    rig.platform.script.append(Reply(fields={"errcode": code, "errmsg": "busy rid: 5f-12"}))
    failure = await rig.failure()
    assert (type(failure), failure.code) == (RetryLater, -1)


@pytest.mark.parametrize(("status", "expected"), [(404, AccountBlocked), (302, AccountBlocked), (429, RetryLater)])
async def test_a_gateways_refusal_did_nothing(rig: Rig, status: int, expected: type[ChannelError]) -> None:
    rig.platform.script.append(Reply(raw=b"no", status=status))
    assert type(await rig.failure()) is expected


async def test_an_unknown_code_is_rejected_with_the_code(rig: Rig) -> None:
    rig.platform.script.append(Reply(fields={"errcode": 31337, "errmsg": "?"}))
    failure = await rig.failure()
    assert (type(failure), failure.code) == (Rejected, 31337)


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://no-such-host.invalid"])
@pytest.mark.parametrize("name", BUILDERS)
async def test_without_a_connection_nothing_happened_and_it_can_be_tried_again(
    http: aiohttp.ClientSession, name: str, address: str
) -> None:
    clock, shelf = ManualClock(), TokenShelf()
    api = PlatformApi(http=http, base_url=address.format(port=_free_port()), clock=clock, connect_seconds=1)
    build, api_name = BUILDERS[name]
    shelf.put("wx1:x", "t", START + timedelta(hours=1))
    shelf.put("ww1:x", "t", START + timedelta(hours=1))
    with pytest.raises(RetryLater):
        await build(api, shelf, clock).send(
            api=api_name, recipient="o", content=TextReply(content="x"), idempotency_key="k"
        )


async def test_an_expired_token_is_refreshed_and_the_message_sent_once_more(rig: Rig) -> None:
    rig.platform.script.append(Reply(fields={"errcode": 42001, "errmsg": "access_token expired"}))
    await rig.send()
    assert [call.query["access_token"] for call in rig.platform.calls] == ["t1", "t2"]
    assert rig.platform.calls[0].body == rig.platform.calls[1].body


async def test_a_token_that_is_refused_even_fresh_is_a_misconfiguration(rig: Rig) -> None:
    rig.platform.script.extend(Reply(fields={"errcode": 40014}) for _ in range(2))
    failure = await rig.failure()
    assert (type(failure), failure.code, len(rig.platform.token_calls)) == (AccountBlocked, 40014, 2)


async def test_no_error_shows_a_secret_or_a_token(rig: Rig) -> None:
    rig.platform.script.extend([Reply(fields={"errcode": 40014}), Reply(trouble="drop")])
    failure: BaseException | None = await rig.failure()
    shown = ""
    while failure is not None:
        shown += f"{failure}{failure!r}"
        failure = failure.__cause__
    assert [secret for secret in ("oa-secret", "app-secret", "t1", "t2") if secret in shown] == []


async def test_a_wrong_secret_is_a_misconfiguration(rig: Rig) -> None:
    rig.platform.tokens.append(Reply(fields={"errcode": 40001, "errmsg": "invalid credential"}))
    failure = await rig.failure()
    assert (type(failure), failure.code, rig.platform.calls) == (AccountBlocked, 40001, [])


@pytest.mark.parametrize(
    "reply",
    [Reply(status=502, raw=b"<html>"), Reply(trouble="drop"), Reply(fields={"errcode": 0})],
    ids=["502", "connection cut", "no token in the answer"],
)
async def test_when_no_token_can_be_had_nothing_was_sent_and_it_can_be_tried_again(rig: Rig, reply: Reply) -> None:
    rig.platform.tokens.extend([reply] * 9)
    failing = asyncio.ensure_future(rig.failure())
    while not failing.done():
        await rig.clock.advance(1)
        await asyncio.sleep(0)
    assert (type(failing.result()), rig.platform.calls) == (RetryLater, [])


async def test_an_official_account_asks_for_a_stable_token_without_force(wechat: Rig) -> None:
    await wechat.send()
    (call,) = wechat.platform.token_calls
    assert (call.method, call.path) == ("POST", "/cgi-bin/stable_token")
    assert call.payload == {
        "grant_type": "client_credential",
        "appid": "wx1",
        "secret": "oa-secret",
        "force_refresh": False,
    }


async def test_a_wecom_application_asks_gettoken(wecom: Rig) -> None:
    await wecom.send()
    (call,) = wecom.platform.token_calls
    assert (call.method, call.path, call.query) == (
        "GET",
        "/cgi-bin/gettoken",
        {"corpid": "ww1", "corpsecret": "app-secret"},
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [(45015, WindowClosed), (45047, QuotaExhausted), (43004, Unreachable), (40164, AccountBlocked), (45002, Rejected)],
)
async def test_an_official_accounts_refusals_say_what_to_do(
    wechat: Rig, code: int, expected: type[ChannelError]
) -> None:
    wechat.platform.script.append(Reply(fields={"errcode": code, "errmsg": "anything at all"}))
    assert type(await wechat.failure()) is expected


async def test_a_menu_message_goes_out_as_msgmenu(wechat: Rig) -> None:
    menu = MenuReply(head="请选择", options=(Option(id="a", label="甲"),))
    await wechat.channel.send(api="custom_send", recipient="oPerson", content=menu, idempotency_key="k")
    assert wechat.platform.calls[0].payload["msgmenu"]["list"] == [{"id": "a", "content": "甲"}]


async def test_an_official_accounts_other_calls_use_the_documented_fields(wechat: Rig) -> None:
    client = wechat.channel
    assert isinstance(client, WechatClient)
    wechat.platform.script.extend(
        [
            Reply(fields={"errcode": 0}),
            Reply(fields={"subscribe": 1, "openid": "oPerson", "unionid": "u1"}),
            Reply(fields={"subscribe": 0, "openid": "oPerson"}),
        ]
    )
    await client.create_menu([{"type": "click", "name": "保单", "key": "P"}])
    assert [await client.user_info("oPerson"), await client.user_info("oPerson")] == ["u1", None]
    calls = wechat.platform.calls
    assert [(call.method, call.path) for call in calls] == [
        ("POST", "/cgi-bin/menu/create"),
        ("GET", "/cgi-bin/user/info"),
        ("GET", "/cgi-bin/user/info"),
    ]
    assert calls[0].payload == {"button": [{"type": "click", "name": "保单", "key": "P"}]}
    assert calls[1].query["openid"] == "oPerson"


@pytest.mark.parametrize("field", ["invaliduser", "unlicenseduser"])
async def test_a_member_who_was_not_reached_is_found_in_lower_case(wecom: Rig, field: str) -> None:
    wecom.platform.script.append(Reply(fields={"errcode": 0, field: "lisi|zhangwei", "msgid": "m1"}))
    with pytest.raises(Unreachable):
        await wecom.send(to="ZhangWei")


async def test_other_members_trouble_is_not_this_ones(wecom: Rig) -> None:
    wecom.platform.script.append(Reply(fields={"errcode": 0, "invaliduser": "lisi|zhangwei2", "msgid": "m1"}))
    assert await wecom.send(to="ZhangWei") == Receipt(platform_id="m1")


@pytest.mark.parametrize("recipient", ["@all", "@ALL", "a|b", ""])
async def test_a_message_to_more_than_one_member_never_leaves(wecom: Rig, recipient: str) -> None:
    with pytest.raises(Rejected, match="one member"):
        await wecom.send(to=recipient)
    assert wecom.platform.calls == []


async def test_a_repeat_of_one_delivery_is_byte_for_byte_the_same_and_another_is_not(wecom: Rig) -> None:
    for key in ("k1", "k1", "k2"):
        await wecom.send(key=key)
    first, repeat, other = (call.body for call in wecom.platform.calls)
    assert first == repeat != other


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
