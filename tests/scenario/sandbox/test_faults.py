"""Things go wrong on purpose, and the record still tells what reached whom."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from defusedxml.ElementTree import fromstring

from bot.sandbox.crypto import sign
from tests.scenario.sandbox.rig import START, TOKEN, Driver, Received, TinyBot

SEND = "/oa/cgi-bin/message/custom/send"


@pytest.fixture
async def token(driver: Driver) -> str:
    await driver.act("safe-xml", "alice", "text", text="你好")
    return str((await driver.stable_token())["access_token"])


async def _say(driver: Driver, token: str) -> Any:
    body = {"touser": await driver.openid("alice"), "msgtype": "text", "text": {"content": "您好"}}
    return await driver.post(SEND, body, access_token=token)


async def _shown(driver: Driver) -> int:
    return len([line for line in await driver.lines("shown") if line["via"] == "custom_send"])


@pytest.mark.parametrize(
    ("fault", "errcode"),
    [
        ({"kind": "busy"}, -1),
        ({"kind": "busy", "errcode": 45009}, 45009),
        ({"kind": "quota"}, 45047),
        ({"kind": "quota", "errcode": 45009}, 45009),
        ({"kind": "blocked_user"}, 43019),
        ({"kind": "blocked_user", "errcode": 48002}, 48002),
        ({"kind": "unfollowed"}, 45015),
    ],
)
async def test_a_refusal_happens_as_often_as_it_says_and_shows_nothing(
    driver: Driver, token: str, fault: dict[str, Any], errcode: int
) -> None:
    await driver.fault(**fault, person="alice", times=1)
    assert [(await _say(driver, token))["errcode"], await _shown(driver)] == [errcode, 0]
    assert [(await _say(driver, token))["errcode"], await _shown(driver)] == [0, 1]


@pytest.mark.parametrize(("lost", "shown"), [("drop_after_accept", 1), ("drop_before_accept", 0)])
async def test_a_dropped_connection_leaves_the_caller_in_doubt_and_the_record_certain(
    driver: Driver, token: str, lost: str, shown: int
) -> None:
    await driver.fault(lost, path="/cgi-bin/message/custom/send", times=1)
    with pytest.raises(aiohttp.ClientError):
        await _say(driver, token)
    assert await _shown(driver) == shown


async def test_an_expired_token_stays_expired_and_the_next_one_works(driver: Driver, token: str) -> None:
    await driver.fault("expired_token", times=1)
    assert [(await _say(driver, token))["errcode"] for _ in range(2)] == [42001, 42001]
    fresh = (await driver.stable_token())["access_token"]
    assert (await _say(driver, fresh))["errcode"] == 0


async def test_an_invalid_token_is_answered_like_one_that_was_replaced(driver: Driver, token: str) -> None:
    await driver.fault("invalid_token", account="safe-xml", times=1)
    assert (await _say(driver, token))["errcode"] == 40001
    fresh = (await driver.stable_token())["access_token"]
    assert (await _say(driver, fresh))["errcode"] == 0


async def test_a_slow_call_waits_for_the_sandboxs_time(driver: Driver, token: str) -> None:
    await driver.fault("slow", seconds=3, times=1, path="/cgi-bin/message/custom/send")
    openid = await driver.openid("alice")
    body = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}
    sending = asyncio.create_task(driver.post(SEND, body, access_token=token))
    await driver.fault_happened()
    await driver.advance(2.75)
    assert not sending.done()
    await driver.advance(0.25)
    assert (await sending)["errcode"] == 0


async def test_a_silent_drop_looks_like_success_to_the_application(driver: Driver, bot: TinyBot) -> None:
    await driver.fault("silent_drop", person="LiNa")
    token = (await driver.wecom_token())["access_token"]
    body = {"touser": "ZhangWei|LiNa", "agentid": 1000002, "msgtype": "text", "text": {"content": "您好"}}
    answer = await driver.post("/wecom/cgi-bin/message/send", body, access_token=token)
    assert (answer["errcode"], "invaliduser" in answer) == (0, False)
    assert [line["person"] for line in await driver.lines("shown")] == ["ZhangWei"]


async def test_an_untrusted_address_can_be_played(driver: Driver) -> None:
    token = (await driver.wecom_token())["access_token"]
    await driver.fault("busy", errcode=60020, account="assistant", times=1)
    body = {"touser": "@all", "agentid": 1000002, "msgtype": "text", "text": {"content": "您好"}}
    assert (await driver.post("/wecom/cgi-bin/message/send", body, access_token=token))["errcode"] == 60020


async def test_a_duplicated_callback_arrives_twice_and_shows_one_answer(driver: Driver, bot: TinyBot) -> None:
    async def reply(received: Received) -> web.Response:
        root = fromstring(received.body)
        to, sender = root.findtext("FromUserName"), root.findtext("ToUserName")
        return web.Response(
            text=f"<xml><ToUserName>{to}</ToUserName><FromUserName>{sender}</FromUserName>"
            f"<CreateTime>{START}</CreateTime><MsgType>text</MsgType><Content>好</Content></xml>"
        )

    bot.answer = reply
    await driver.fault("duplicate_callback", times=1)
    await driver.act("plain-xml", "alice", "text", text="你好")
    assert len({received.query["nonce"] for received in bot.received}) == 2
    assert len({received.body for received in bot.received}) == 1
    assert [line["result"] for line in await driver.lines("answer")] == ["reply", "reply"]
    assert len(await driver.lines("shown")) == 1


async def test_a_reordered_callback_arrives_after_the_next_one(driver: Driver, bot: TinyBot) -> None:
    await driver.fault("reorder_callback", times=1, seconds=3)
    await driver.act("plain-xml", "alice", "text", text="一", wait=False)
    await driver.act("plain-xml", "alice", "text", text="二")
    await bot.arrived(2)
    bodies = [fromstring(received.body) for received in bot.received]
    assert [body.findtext("Content") for body in bodies] == ["二", "一"]
    assert int(str(bodies[0].findtext("MsgId"))) > int(str(bodies[1].findtext("MsgId")))


async def test_a_reordered_callback_that_nothing_overtakes_leaves_after_its_seconds(
    driver: Driver, bot: TinyBot
) -> None:
    await driver.fault("reorder_callback", times=1, seconds=3)
    await driver.act("plain-xml", "alice", "text", text="一", wait=False)
    await driver.advance(2.75)
    assert bot.received == []
    await driver.advance(0.25)
    await bot.arrived(1)


async def test_colliding_message_ids_belong_to_different_people(driver: Driver, bot: TinyBot) -> None:
    await driver.fault("colliding_msgid")
    for person in ("alice", "bob", "bob", "alice"):
        await driver.act("plain-xml", person, "text", text="你好")
    roots = [fromstring(received.body) for received in bot.received]
    first, second, third, fourth = [(r.findtext("FromUserName"), r.findtext("MsgId")) for r in roots]
    assert first[1] == second[1] != third[1] == fourth[1]
    assert len({first, second, third, fourth}) == 4


async def test_a_wrongly_signed_attempt_is_followed_by_a_right_one(driver: Driver, bot: TinyBot) -> None:
    def signed_well(query: dict[str, str]) -> bool:
        return query["signature"] == sign(TOKEN, query["timestamp"], query["nonce"])

    async def strict(received: Received) -> web.Response:
        return web.Response(status=200 if signed_well(received.query) else 403, text="success")

    bot.answer = strict
    await driver.fault("wrong_signature", times=1, account="plain-xml")
    await driver.act("plain-xml", "alice", "text", text="你好", wait=False)
    await bot.arrived(1)
    await driver.advance(5)
    await bot.arrived(2)
    assert [signed_well(received.query) for received in bot.received] == [False, True]


async def test_a_fault_that_was_deleted_does_not_happen(driver: Driver, token: str) -> None:
    identifier = await driver.fault("busy")
    async with driver.session.delete(f"{driver.base}/sandbox/faults/{identifier}") as response:
        assert response.status == 200
    assert (await _say(driver, token))["errcode"] == 0


async def test_an_unknown_fault_is_explained(driver: Driver) -> None:
    answer = await driver.post("/sandbox/faults", {"fault": "earthquake"})
    assert "fault" in answer["error"]


async def test_a_bot_that_is_down_is_refused_and_tried_again(driver: Driver, bot: TinyBot) -> None:
    async with driver.session.patch(
        driver.base + "/sandbox/accounts/plain-xml", json={"callback_url": "http://127.0.0.1:9/callback"}
    ) as response:
        assert response.status == 200
    await driver.act("plain-xml", "alice", "text", text="你好", wait=False)
    for attempt in (1, 2, 3):
        await driver.recorded(2 * attempt)
        await driver.advance(5)
    assert [line["result"] for line in await driver.lines("answer")] == ["refused"] * 3
    assert len(await driver.lines("gave_up")) == 1
