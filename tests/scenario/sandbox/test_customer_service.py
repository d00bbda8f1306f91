"""WeChat customer service as the sandbox plays it: doorbells, the log with its cursor, sessions, limits, codes."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.crypto import Sealer
from bot.sandbox.kf_account import external_userid_of
from tests.scenario.sandbox.rig import AES_KEY, Driver, TinyBot

KFID = "wkAnxin0000000000000000000000001"
ALICE = external_userid_of("ww1", "alice")
KF = "/wecom/cgi-bin/kf"


@pytest.fixture
async def token(driver: Driver) -> str:
    return str((await driver.wecom_token("kf-secret"))["access_token"])


async def _sync(driver: Driver, access: str, **fields: Any) -> Any:
    return await driver.post(f"{KF}/sync_msg", {"open_kfid": KFID, **fields}, access_token=access)


async def _say(driver: Driver, access: str, words: str = "您好", **fields: Any) -> Any:
    body = {"touser": ALICE, "open_kfid": KFID, "msgtype": "text", "text": {"content": words}, **fields}
    return await driver.post(f"{KF}/send_msg", body, access_token=access)


async def _move(driver: Driver, access: str, to: int, **fields: Any) -> Any:
    body = {"open_kfid": KFID, "external_userid": ALICE, "service_state": to, **fields}
    return await driver.post(f"{KF}/service_state/trans", body, access_token=access)


async def _serve(driver: Driver, act: str, **fields: Any) -> Any:
    order = {"account": "counter", "servicer": "ZhangWei", "person": "alice", "act": act, **fields}
    return await driver.post("/sandbox/kf/servicer", order)


def _rung(bot: TinyBot) -> dict[str, str]:
    """Return what the newest doorbell says."""
    body = bot.received[-1].body.decode()
    encrypted = body.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    document = Sealer.of(AES_KEY, "ww1").decrypt(encrypted).decode()
    return {name: document.split(f"<{name}><![CDATA[")[1].split("]]>")[0] for name in ("Event", "Token", "OpenKfId")}


async def test_a_doorbell_names_the_account_and_its_token_fetches_what_was_said(
    driver: Driver, bot: TinyBot, token: str
) -> None:
    result = await driver.act("counter", "alice", "text", text="在吗", option="o1", wait=True)
    assert (result["result"], result["shown"]) == ("empty", [])
    bell = _rung(bot)
    assert (bell["Event"], bell["OpenKfId"]) == ("kf_msg_or_event", KFID)
    page = await _sync(driver, token, token=bell["Token"])
    (item,) = page["msg_list"]
    assert (item["origin"], item["external_userid"], item["text"]) == (3, ALICE, {"content": "在吗", "menu_id": "o1"})
    assert (page["has_more"], result["message_key"]) == (0, f"kf:{KFID}:{item['msgid']}")


async def test_a_doorbell_that_is_answered_with_words_counts_as_unanswered(driver: Driver, bot: TinyBot) -> None:
    async def chat(_received: Any) -> web.Response:
        return web.Response(text="<xml/>")

    bot.answers = [chat]
    await driver.act("counter", "alice", "text", text="在吗", wait=False)
    await bot.arrived(1)
    await driver.advance(5)
    await bot.arrived(2)
    assert [line["result"] for line in (await driver.lines("answer"))][:2] == ["invalid", "empty"]


async def test_the_log_is_read_in_pages_and_again_from_the_same_cursor(driver: Driver, token: str) -> None:
    for n in range(5):
        await driver.act("counter", "alice", "text", text=f"话{n}", wait=True)
    first = await _sync(driver, token, limit=2)
    second = await _sync(driver, token, limit=3, cursor=first["next_cursor"])
    words = [item["text"]["content"] for page in (first, second) for item in page["msg_list"]]
    assert (words, first["has_more"], second["has_more"]) == (["话0", "话1", "话2", "话3", "话4"], 1, 0)
    await driver.advance(60, step=60)
    again = await _sync(driver, token, limit=3, cursor=first["next_cursor"])
    assert again["msg_list"] == second["msg_list"]
    await driver.advance(3 * 86400, step=86400)
    assert (await _sync(driver, (await driver.wecom_token("kf-secret"))["access_token"]))["msg_list"] == []


async def test_an_empty_page_can_say_that_there_is_more(driver: Driver, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    await driver.fault("empty_page", times=1)
    first = await _sync(driver, token)
    assert (first["msg_list"], first["has_more"]) == ([], 1)
    assert len((await _sync(driver, token, cursor=first["next_cursor"]))["msg_list"]) == 1


async def test_fetching_needs_a_token_that_still_counts_or_patience(driver: Driver, bot: TinyBot, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    bell = _rung(bot)["Token"]
    assert (await _sync(driver, token, token="made up"))["errcode"] == 95007
    assert [(await _sync(driver, token))["errcode"] for _ in range(3)] == [0, 0, 45009]
    assert (await _sync(driver, token, token=bell))["errcode"] == 0
    await driver.advance(600, step=600)
    assert (await _sync(driver, token, token=bell))["errcode"] == 95007
    assert (await _sync(driver, token))["errcode"] == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"open_kfid": ""}, 95004),
        ({"open_kfid": "wkOther"}, 95000),
        ({"cursor": "made up"}, 40058),
        ({"limit": 1001}, 40058),
    ],
)
async def test_a_fetch_that_is_wrong_is_refused(driver: Driver, token: str, fields: Any, code: int) -> None:
    assert (await _sync(driver, token, **fields))["errcode"] == code


async def test_an_applications_token_does_not_fit(driver: Driver) -> None:
    ordinary = (await driver.wecom_token())["access_token"]
    assert (await _sync(driver, ordinary))["errcode"] == 95012


async def test_five_messages_may_follow_a_customers_word_within_two_days(driver: Driver, token: str) -> None:
    assert (await _say(driver, token))["errcode"] == 95002
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    assert [(await _say(driver, token))["errcode"] for _ in range(6)] == [0, 0, 0, 0, 0, 95001]
    await driver.act("counter", "alice", "text", text="还在吗", wait=True)
    assert (await _say(driver, token))["errcode"] == 0
    await driver.advance(48 * 3600, step=3600)
    fresh = (await driver.wecom_token("kf-secret"))["access_token"]
    assert (await _say(driver, fresh))["errcode"] == 95002
    assert len([m for m in await driver.chat("counter", "alice") if m["from"] == "account"]) == 6


async def test_a_message_id_that_was_used_shows_nothing_again(driver: Driver, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    answers = [await _say(driver, token, msgid="abc_123-X") for _ in range(2)]
    assert [(answer["errcode"], answer["msgid"]) for answer in answers] == [(0, "abc_123-X")] * 2
    assert len([m for m in await driver.chat("counter", "alice") if m["from"] == "account"]) == 1
    assert (await _say(driver, token, msgid="no spaces"))["errcode"] == 40058


@pytest.mark.parametrize("rules", [{"kf_repeated_msgid_errcode": 40058}])
async def test_the_rules_can_refuse_a_used_message_id(driver: Driver, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    assert [(await _say(driver, token, msgid="abc"))["errcode"] for _ in range(2)] == [0, 40058]


async def test_a_greeting_goes_once_by_the_code_within_twenty_seconds(driver: Driver, bot: TinyBot, token: str) -> None:
    async def enter() -> str:
        await driver.act("counter", "alice", "enter", scene="agent:zhangwei", wait=True)
        return str((await _sync(driver, token, token=_rung(bot)["Token"]))["msg_list"][-1]["event"]["welcome_code"])

    async def greet(code: str, kind: str = "text") -> int:
        content = {"text": {"content": "您好"}, "image": {"media_id": "m"}}
        body = {"code": code, "msgtype": kind, kind: content[kind]}
        return int((await driver.post(f"{KF}/send_msg_on_event", body, access_token=token))["errcode"])

    code = await enter()
    assert [await greet(code, "image"), await greet(code), await greet(code), await greet("made up")] == [
        95030,
        0,
        41050,
        41050,
    ]
    await driver.act("counter", "alice", "enter", wait=True)
    newest = (await _sync(driver, token, token=_rung(bot)["Token"]))["msg_list"][-1]["event"]
    assert "welcome_code" not in newest
    await driver.advance(48 * 3600, step=3600)
    token = str((await driver.wecom_token("kf-secret"))["access_token"])
    late = await enter()
    await driver.advance(20, step=20)
    assert await greet(late) == 41050


@pytest.mark.parametrize(
    ("moves", "codes"),
    [
        ([1, 2, 3, 4], [0, 0, 0, 0]),
        ([2, 1], [0, 95016]),
        ([3, 3, 1], [0, 0, 95016]),
        ([1, 4], [0, 95016]),
        ([2, 4], [0, 95016]),
        ([4], [95016]),
    ],
)
async def test_a_session_moves_as_the_table_says(
    driver: Driver, token: str, moves: list[int], codes: list[int]
) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    answers = [await _move(driver, token, to, servicer_userid="ZhangWei") for to in moves]
    assert [answer["errcode"] for answer in answers] == codes
    firsts = [next((n for n, to in enumerate(moves) if to in (2, 3)), None)]
    assert ["msg_code" in answer for answer in answers] == [
        code == 0 and (to == 4 or n in firsts) for n, (to, code) in enumerate(zip(moves, codes, strict=True))
    ], "once when it first comes to the pool or a servicer, and when it ends"


async def test_while_a_person_serves_nothing_can_be_sent_and_the_customers_next_word_after_the_end_begins_anew(
    driver: Driver, bot: TinyBot, token: str
) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    assert (await _move(driver, token, 3, servicer_userid="SunLei"))["errcode"] == 95014
    await _serve(driver, "off_duty")
    assert (await _move(driver, token, 3, servicer_userid="ZhangWei"))["errcode"] == 95019
    await _serve(driver, "on_duty")
    assert (await _serve(driver, "take"))["result"] == "empty"
    assert (await _say(driver, token))["errcode"] == 95018
    await _serve(driver, "text", text="您好，我是张伟。")
    await _serve(driver, "transfer", to="LiNa")
    assert "error" in await _serve(driver, "end")
    await _serve(driver, "end", servicer="LiNa")
    assert (await _say(driver, token))["errcode"] == 95018
    await driver.act("counter", "alice", "text", text="谢谢", wait=True)
    assert (await _say(driver, token))["errcode"] == 0
    items = (await _sync(driver, token, token=_rung(bot)["Token"]))["msg_list"]
    told = [(i["origin"], i.get("event", {}).get("change_type"), i.get("servicer_userid")) for i in items]
    assert told == [
        (3, None, None),
        (4, None, None),
        (4, None, None),
        (4, 1, None),
        (5, None, "ZhangWei"),
        (4, 2, None),
        (4, 3, None),
        (3, None, None),
    ]
    said = [(m["from"], m["text"]) for m in await driver.chat("counter", "alice")]
    assert ("account", "您好，我是张伟。") in said


async def test_a_message_can_be_accepted_and_then_told_to_have_failed(driver: Driver, bot: TinyBot, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    await driver.fault("kf_send_fail", errcode=11, times=1)
    msgid = (await _say(driver, token))["msgid"]
    await bot.arrived(2)
    event = (await _sync(driver, token, token=_rung(bot)["Token"]))["msg_list"][-1]["event"]
    assert (event["event_type"], event["fail_msgid"], event["fail_type"]) == ("msg_send_fail", msgid, 11)
    assert [m["from"] for m in await driver.chat("counter", "alice")] == ["person"]
    await driver.act("counter", "alice", "reject", wait=True)
    assert (await _say(driver, token))["errcode"] == 0
    await bot.arrived(4)
    assert (await _sync(driver, token, token=_rung(bot)["Token"]))["msg_list"][-1]["event"]["fail_type"] == 10


async def test_who_customers_are_and_which_accounts_there_are_can_be_asked(driver: Driver, token: str) -> None:
    await driver.act("counter", "alice", "text", text="在吗", wait=True)
    asked = {"external_userid_list": [ALICE, "wmNobody"]}
    customers = await driver.post(f"{KF}/customer/batchget", asked, access_token=token)
    assert customers["customer_list"][0]["unionid"] == "u-alice"
    assert customers["invalid_external_userid"] == ["wmNobody"]
    accounts = await driver.post(f"{KF}/account/list", {"offset": 0, "limit": 100}, access_token=token)
    assert [(a["open_kfid"], a["manage_privilege"]) for a in accounts["account_list"]] == [(KFID, True)]
    servicers = await driver.get(f"{KF}/servicer/list", open_kfid=KFID, access_token=token)
    assert [each["userid"] for each in servicers["servicer_list"]] == ["ZhangWei", "LiNa"]


async def test_acts_of_customer_service_are_no_acts_elsewhere(driver: Driver) -> None:
    assert "只有微信客服" in (await driver.act("safe-xml", "alice", "file"))["error"]
    assert "微信客服里没有这个动作" in (await driver.act("counter", "alice", "follow"))["error"]
    assert "不是「安心客服」的接待人员" in (await _serve(driver, "take", servicer="SunLei"))["error"]
