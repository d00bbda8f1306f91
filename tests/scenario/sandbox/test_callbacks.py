"""People act, the bot is told in every mode and format, and what it answers is shown once."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from defusedxml.ElementTree import fromstring
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.crypto import WeChatCrypto as WecomCrypto

from bot.sandbox.crypto import Sealer, sign
from tests.scenario.sandbox.rig import AES_KEY, START, TOKEN, Driver, Received, TinyBot, die, silence

XML_MODES = ["safe", "compatible", "plain"]


def _reply_xml(to: str, sender: str, content: str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>{START}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{escape(content)}</Content></xml>"
    )


async def _echo_xml(received: Received) -> web.Response:
    """Say the text again, encrypted when the push was; wechatpy reads and writes the envelope."""
    mode = received.account.removesuffix("-xml")
    crypto = WeChatCrypto(TOKEN, AES_KEY, f"wx-{received.account}")
    body: Any = received.body
    query = received.query
    if mode != "plain":
        body = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    message = parse_message(body)
    reply = _reply_xml(message.source, message.target, f"您说：{message.content}")
    return web.Response(text=reply if mode == "plain" else crypto.encrypt_message(reply, "n", str(START)))


async def _echo_json(received: Received) -> web.Response:
    mode = received.account.removesuffix("-json")
    sealer = Sealer.of(AES_KEY, f"wx-{received.account}")
    document = json.loads(received.body)
    if mode == "safe":
        document = json.loads(sealer.decrypt(document["Encrypt"]))
    reply = {
        "ToUserName": document["FromUserName"],
        "FromUserName": document["ToUserName"],
        "CreateTime": START,
        "MsgType": "text",
        "Content": f"您说：{document['Content']}",
    }
    if mode == "plain":
        return web.json_response(reply)
    encrypted = sealer.encrypt(json.dumps(reply).encode())
    signature = sign(TOKEN, str(START), "n", encrypted)
    envelope = {"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": START, "Nonce": "n"}
    return web.json_response(envelope)


async def _echo_wecom(received: Received) -> web.Response:
    crypto = WecomCrypto(TOKEN, AES_KEY, "ww1")
    query = received.query
    opened = fromstring(
        crypto.decrypt_message(received.body, query["msg_signature"], query["timestamp"], query["nonce"])
    )
    sender, content = opened.findtext("FromUserName"), opened.findtext("Content")
    return web.Response(
        text=crypto.encrypt_message(_reply_xml(str(sender), "ww1", f"收到：{content}"), "n", str(START))
    )


@pytest.mark.parametrize("mode", XML_MODES)
async def test_a_customer_gets_a_passive_answer_over_xml(driver: Driver, bot: TinyBot, mode: str) -> None:
    bot.answer = _echo_xml
    settled = await driver.act(f"{mode}-xml", "alice", "text", text="怎么理赔]]>？")
    assert settled["result"] == "reply"
    assert [(m["from"], m["text"]) for m in await driver.chat(f"{mode}-xml", "alice")] == [
        ("person", "怎么理赔]]>？"),
        ("account", "您说：怎么理赔]]>？"),
    ]


@pytest.mark.parametrize("mode", XML_MODES)
async def test_a_customer_gets_a_passive_answer_over_json(driver: Driver, bot: TinyBot, mode: str) -> None:
    bot.answer = _echo_json
    settled = await driver.act(f"{mode}-json", "alice", "text", text="怎么理赔？")
    assert [shown["text"] for shown in settled["shown"]] == ["您说：怎么理赔？"]
    assert bot.received[0].content_type == "application/json"


async def test_an_agent_gets_a_passive_answer_in_the_application(driver: Driver, bot: TinyBot) -> None:
    bot.answer = _echo_wecom
    settled = await driver.act("assistant", "zhangwei", "text", text="帮助")
    assert [shown["text"] for shown in settled["shown"]] == ["收到：帮助"]
    assert settled["message_key"].startswith("m:1000002:ZhangWei:46")


async def test_the_record_tells_push_answer_and_what_was_shown(driver: Driver, bot: TinyBot) -> None:
    bot.answer = _echo_xml
    settled = await driver.act("safe-xml", "alice", "text", text="你好")
    lines = (await driver.get("/sandbox/record"))["lines"]
    assert [(line["n"], line["what"]) for line in lines] == [(1, "push"), (2, "answer"), (3, "shown")]
    openid = await driver.openid("alice")
    assert lines[0]["key"] == settled["message_key"] == f"m:gh_safe_xml:{openid}:{2**62}"
    assert {k: lines[1][k] for k in ("push", "attempt", "status", "result")} == {
        "push": settled["push"],
        "attempt": 1,
        "status": 200,
        "result": "reply",
    }
    assert (lines[2]["via"], lines[2]["text"], lines[2]["person"]) == ("passive", "您说：你好", "alice")


async def test_a_silent_bot_is_asked_three_times_and_then_the_person_sees_the_tip(driver: Driver, bot: TinyBot) -> None:
    bot.answer = silence
    await driver.act("plain-xml", "alice", "text", text="在吗", wait=False)
    for attempt in (1, 2, 3):
        await bot.arrived(attempt)
        await driver.advance(5)
    tip = "该公众号提供的服务出现故障，请稍后再试"
    assert [(m["from"], m["text"]) for m in await driver.chat("plain-xml", "alice")] == [
        ("person", "在吗"),
        ("system", tip),
    ]
    assert [line["at"] for line in await driver.lines("push")] == [START, START + 5, START + 10]
    assert [line["result"] for line in await driver.lines("answer")] == ["timeout"] * 3
    assert [line["at"] for line in await driver.lines("gave_up")] == [START + 15]
    assert [(line["via"], line["text"]) for line in await driver.lines("shown")] == [("tip", tip)]


async def test_every_attempt_carries_the_same_message_under_a_new_stamp(driver: Driver, bot: TinyBot) -> None:
    bot.answer = silence
    await driver.act("plain-xml", "alice", "text", text="在吗", wait=False)
    for attempt in (1, 2, 3):
        await bot.arrived(attempt)
        await driver.advance(5)
    assert len({received.body for received in bot.received}) == 1
    stamps = [received.query for received in bot.received]
    assert [int(stamp["timestamp"]) - START for stamp in stamps] == [0, 5, 10]
    assert len({stamp["nonce"] for stamp in stamps}) == len({stamp["signature"] for stamp in stamps}) == 3


async def test_the_first_answered_attempt_settles(driver: Driver, bot: TinyBot) -> None:
    bot.answers = [silence]
    bot.answer = _echo_xml
    await driver.act("plain-xml", "alice", "text", text="在吗", wait=False)
    await bot.arrived(1)
    await driver.advance(5)
    await driver.recorded(5)
    await driver.advance(20)
    assert [line["result"] for line in await driver.lines("answer")] == ["timeout", "reply"]
    assert [line["via"] for line in await driver.lines("shown")] == ["passive"]
    assert len(bot.received) == 2


async def _refuse(received: Received) -> web.Response:
    return web.Response(status=500)


async def _gibberish(received: Received) -> web.Response:
    return web.Response(text="好的")


@pytest.mark.parametrize(("answer", "result"), [(_refuse, "status"), (_gibberish, "invalid"), (die, "reset")])
async def test_a_bad_answer_is_tried_again_at_five_seconds(
    driver: Driver, bot: TinyBot, answer: Any, result: str
) -> None:
    bot.answers = [answer]
    await driver.act("safe-xml", "alice", "text", text="在吗", wait=False)
    await driver.recorded(2)
    await driver.advance(4.75)
    assert len(bot.received) == 1
    await driver.advance(0.25)
    await bot.arrived(2)
    (first, *_) = await driver.lines("answer")
    assert first["result"] == result


async def test_wecom_gives_up_without_a_tip(driver: Driver, bot: TinyBot) -> None:
    bot.answer = silence
    await driver.act("assistant", "LiNa", "text", text="在吗", wait=False)
    for attempt in (1, 2, 3):
        await bot.arrived(attempt)
        await driver.advance(5)
    assert len(await driver.lines("gave_up")) == 1
    assert [m["from"] for m in await driver.chat("assistant", "LiNa")] == ["person"]


async def test_pushes_of_one_person_overlap(driver: Driver, bot: TinyBot) -> None:
    bot.answers = [silence]
    await driver.act("safe-xml", "alice", "text", text="一", wait=False)
    await bot.arrived(1)
    second = await driver.act("safe-xml", "alice", "text", text="二")
    assert second["result"] == "empty"
    assert (await driver.get("/sandbox/chat", account="safe-xml", person="alice"))["pending"] == 1


async def test_only_followers_can_write_to_an_official_account(driver: Driver, bot: TinyBot) -> None:
    refused = await driver.act("safe-xml", "carol", "text", text="你好")
    assert refused == {"error": "carol 还没有关注「安心保险」，请先关注"}
    assert bot.received == []


@pytest.mark.parametrize(
    ("acts", "events"),
    [
        ([("follow", {})], [("subscribe", "", None)]),
        ([("follow", {"scene": "agent_7"})], [("subscribe", "qrscene_agent_7", "ticket")]),
        ([("scan", {"scene": "agent_7"})], [("subscribe", "qrscene_agent_7", "ticket")]),
        ([("follow", {}), ("scan", {"scene": "agent_7"})], [("subscribe", "", None), ("SCAN", "agent_7", "ticket")]),
        ([("follow", {}), ("click", {"key": "HELP"})], [("subscribe", "", None), ("CLICK", "HELP", None)]),
        ([("follow", {}), ("view", {"url": "http://u"})], [("subscribe", "", None), ("VIEW", "http://u", None)]),
        ([("follow", {}), ("unfollow", {})], [("subscribe", "", None), ("unsubscribe", "", None)]),
    ],
)
async def test_what_a_person_does_arrives_as_the_platforms_event(
    driver: Driver, bot: TinyBot, acts: list[tuple[str, dict[str, str]]], events: list[tuple[str, str, str | None]]
) -> None:
    for act, fields in acts:
        await driver.act("plain-xml", "carol", act, **fields)
    roots = [fromstring(received.body) for received in bot.received]
    seen = [(r.findtext("Event"), r.findtext("EventKey"), "ticket" if r.findtext("Ticket") else None) for r in roots]
    assert seen == events


async def test_application_events_are_in_lower_case_and_name_the_agent(driver: Driver, bot: TinyBot) -> None:
    for act, fields in (("enter", {}), ("click", {"key": "HELP"}), ("view", {"url": "http://u"})):
        await driver.act("assistant", "ZhangWei", act, **fields)
    keys = [line["key"] for line in await driver.lines("push")]
    assert keys == [f"e:1000002:ZhangWei:{START}:{event}" for event in ("enter_agent:", "click:HELP", "view:http://u")]


async def test_a_scan_by_a_menu_button_is_an_event_of_its_own_and_grants_messages(driver: Driver, bot: TinyBot) -> None:
    await driver.act("plain-xml", "alice", "scancode_waitmsg", key="POLICY", url="http://p/1")
    root = fromstring(bot.received[0].body)
    names = ("Event", "EventKey", "ScanCodeInfo/ScanType", "ScanCodeInfo/ScanResult")
    assert [root.findtext(name) for name in names] == ["scancode_waitmsg", "POLICY", "qrcode", "http://p/1"]
    chat = await driver.get("/sandbox/chat", account="plain-xml", person="alice")
    assert chat["quota"]["left"] == 3


async def test_a_chosen_picture_is_named_by_its_digest(driver: Driver, bot: TinyBot) -> None:
    async with driver.session.post(
        driver.base + "/sandbox/media?account=plain-xml&type=image", data=b"abc", headers={"Content-Type": "image/png"}
    ) as response:
        media_id = (await response.json())["media_id"]
    for account, person in (("plain-xml", "alice"), ("assistant", "ZhangWei")):
        await driver.act(
            account, person, "pic_sysphoto", key="PHOTO", **({"media_id": media_id} if account[0] == "p" else {})
        )
    root = fromstring(bot.received[0].body)
    names = ("Event", "SendPicsInfo/Count", "SendPicsInfo/PicList/item/PicMd5Sum")
    assert [root.findtext(name) for name in names] == ["pic_sysphoto", "1", "900150983cd24fb0d6963f7d28e17f72"]
    assert [line["kind"] for line in await driver.lines("push")] == ["pic_sysphoto"] * 2


async def test_an_answer_with_an_unknown_picture_ends_in_the_platform_s_excuse(driver: Driver, bot: TinyBot) -> None:
    async def picture(received: Received) -> web.Response:
        message = fromstring(received.body)
        head = f"<ToUserName>{message.findtext('FromUserName')}</ToUserName><FromUserName>gh_plain_xml</FromUserName>"
        body = "<MsgType>image</MsgType><Image><MediaId>gone</MediaId></Image>"
        return web.Response(text=f"<xml>{head}<CreateTime>1</CreateTime>{body}</xml>")

    bot.answer = picture
    await driver.act("plain-xml", "alice", "text", text="图", wait=False)
    await bot.arrived(1)
    await driver.post("/sandbox/clock/advance", {"seconds": 11, "step": 0.25, "settle_seconds": 0.2})
    assert [line["result"] for line in await driver.lines("answer")] == ["invalid"] * 3
    assert [line["text"] for line in await driver.lines("shown")] == ["该公众号提供的服务出现故障，请稍后再试"]


async def test_any_other_event_can_be_raised_raw(driver: Driver, bot: TinyBot) -> None:
    await driver.act(
        "plain-xml", "alice", "raw_event", event="TEMPLATESENDJOBFINISH", fields={"MsgID": 5, "Status": "success"}
    )
    root = fromstring(bot.received[0].body)
    assert (root.findtext("MsgID"), root.findtext("Status")) == ("5", "success")
    assert (await driver.lines("push"))[0]["key"].endswith(":TEMPLATESENDJOBFINISH::5")


async def test_a_picture_can_be_fetched_where_the_message_says(driver: Driver, bot: TinyBot) -> None:
    await driver.act("plain-xml", "alice", "image")
    url = str(fromstring(bot.received[0].body).findtext("PicUrl"))
    async with driver.session.get(url) as response:
        assert (await response.read())[:4] == b"\x89PNG"


async def test_many_acts_are_pushed_in_their_order_and_refusals_are_told(driver: Driver, bot: TinyBot) -> None:
    acts = [
        {"account": "safe-xml", "person": person, "act": "text", "text": str(number)}
        for number, person in enumerate(["alice", "carol", "bob"])
    ]
    answer = await driver.post("/sandbox/acts", {"acts": acts, "wait": True})
    assert [result["result"] for result in answer["results"]] == ["empty", "refused", "empty"]
    assert [line["text"] for line in await driver.lines("push")] == ["0", "2"]


@pytest.mark.parametrize("account", ["safe-xml", "plain-json"])
async def test_the_platform_verifies_the_address_of_an_official_account(
    driver: Driver, bot: TinyBot, account: str
) -> None:
    async def echo(received: Received) -> web.Response:
        return web.Response(text=received.query["echostr"])

    bot.answer = echo
    report = await driver.post("/sandbox/verify", {"account": account})
    query = bot.received[0].query
    assert report["ok"], report
    assert query["signature"] == sign(TOKEN, query["timestamp"], query["nonce"])
    assert bot.received[0].method == "GET"


async def test_the_platform_verifies_an_application_with_an_encrypted_echo(driver: Driver, bot: TinyBot) -> None:
    async def decrypt(received: Received) -> web.Response:
        query = received.query
        crypto = WecomCrypto(TOKEN, AES_KEY, "ww1")
        return web.Response(
            body=crypto.check_signature(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])
        )

    bot.answer = decrypt
    assert (await driver.post("/sandbox/verify", {"account": "assistant"}))["ok"]


async def test_a_wrong_echo_is_explained(driver: Driver, bot: TinyBot) -> None:
    report = await driver.post("/sandbox/verify", {"account": "assistant"})
    assert (report["ok"], report["body"]) == (False, "success")
    assert "echostr" in report["problem"]


async def test_an_account_can_change_its_mode_and_key_while_it_runs(driver: Driver, bot: TinyBot) -> None:
    async with driver.session.patch(
        driver.base + "/sandbox/accounts/safe-xml", json={"mode": "plain", "format": "json"}
    ) as response:
        assert (await response.json())["mode"] == "plain"
    await driver.act("safe-xml", "alice", "text", text="你好")
    assert json.loads(bot.received[0].body)["Content"] == "你好"
