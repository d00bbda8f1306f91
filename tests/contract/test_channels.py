"""All channels keep one contract over real HTTP: what each outcome of a call means to the one who sends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.wechat.client import WechatClient
from content.messages import MenuReply, Option, TextReply
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
from handlers.delivery.ports import Receipt
from tests.contract.channel_rig import BUILDERS, Rig, rigged
from tests.fakes.clock import START, ManualClock
from tests.fakes.scripted_platform import Reply
from tests.unit.bot.channels.token_shelf import TokenShelf


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(params=BUILDERS)
async def rig(request: pytest.FixtureRequest, http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    build, api_name = BUILDERS[request.param]
    async for made in rigged(http, build, api_name):
        yield made


@pytest.fixture
async def wechat(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in rigged(http, *BUILDERS["wechat"]):
        yield made


@pytest.fixture
async def wecom(http: aiohttp.ClientSession) -> AsyncIterator[Rig]:
    async for made in rigged(http, *BUILDERS["wecom"]):
        yield made


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
