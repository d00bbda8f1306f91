"""The bot sends by the server APIs: tokens, the quota ledger, receivers, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.sandbox.rig import Driver

SEND = "/oa/cgi-bin/message/custom/send"
WECOM_SEND = "/wecom/cgi-bin/message/send"


async def _say(driver: Driver, token: str, openid: str, content: str = "您好") -> int:
    body = {"touser": openid, "msgtype": "text", "text": {"content": content}}
    return int((await driver.post(SEND, body, access_token=token))["errcode"])


async def _tell(driver: Driver, token: str, content: str = "您好", **changes: Any) -> Any:
    body = {"touser": "ZhangWei", "agentid": 1000002, "msgtype": "text", "text": {"content": content}, **changes}
    return await driver.post(WECOM_SEND, body, access_token=token)


@pytest.fixture
async def token(driver: Driver) -> str:
    return str((await driver.stable_token())["access_token"])


@pytest.fixture
async def wecom_token(driver: Driver) -> str:
    return str((await driver.wecom_token())["access_token"])


@pytest.fixture
async def alice(driver: Driver) -> str:
    return await driver.openid("alice")


async def test_after_a_message_five_may_be_sent_and_a_sixth_is_refused(driver: Driver, token: str, alice: str) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    assert [await _say(driver, token, alice, str(n)) for n in range(6)] == [0] * 5 + [45047]
    shown = [line for line in await driver.lines("shown") if line["via"] == "custom_send"]
    assert [line["text"] for line in shown] == ["0", "1", "2", "3", "4"]


async def test_after_a_tap_three_may_be_sent_within_a_minute(driver: Driver, token: str, alice: str) -> None:
    await driver.act("safe-xml", "alice", "click", key="HELP")
    codes = [await _say(driver, token, alice)]
    await driver.advance(60, step=60)
    codes.append(await _say(driver, token, alice))
    await driver.act("safe-xml", "alice", "click", key="HELP")
    codes += [await _say(driver, token, alice) for _ in range(4)]
    assert codes == [0, 45015, 0, 0, 0, 45047]


async def test_after_48_hours_the_window_is_closed(driver: Driver, token: str, alice: str) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    await driver.advance(48 * 3600, step=3600)
    fresh = (await driver.stable_token())["access_token"]
    assert await _say(driver, fresh, alice) == 45015


async def test_a_follower_who_never_spoke_and_one_who_left_cannot_be_written_to(
    driver: Driver, token: str, alice: str
) -> None:
    assert await _say(driver, token, alice) == 45015
    await driver.act("safe-xml", "alice", "text", text="你好")
    await driver.act("safe-xml", "alice", "unfollow")
    assert await _say(driver, token, alice) == 45015


@pytest.mark.parametrize(("relation", "errcode"), [("blacklisted", 43019), ("refusing", 48002)])
async def test_blacklisted_and_refusing_people_are_not_reached(
    driver: Driver, token: str, alice: str, relation: str, errcode: int
) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    await driver.post("/sandbox/relations", {"account": "safe-xml", "people": ["alice"], relation: True})
    codes = [await _say(driver, token, alice)]
    await driver.post("/sandbox/relations", {"account": "safe-xml", "people": ["alice"], relation: False})
    assert [*codes, await _say(driver, token, alice)] == [errcode, 0]


async def test_escaped_characters_are_refused_and_an_escaped_backslash_is_not(
    driver: Driver, token: str, alice: str
) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    url = f"{driver.base}{SEND}?access_token={token}"
    codes = []
    for content in (r"\u60a8\u597d", r"C:\\users", r"a\\\u60a8"):
        raw = f'{{"touser":"{alice}","msgtype":"text","text":{{"content":"{content}"}}}}'
        async with driver.session.post(url, data=raw.encode()) as response:
            codes.append((await response.json())["errcode"])
    assert codes == [40033, 0, 40033]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "text", "text": {"content": "x"}}, 40003),
        ({"touser": "nobody", "msgtype": "text", "text": {"content": "x"}}, 40003),
        ({"touser": 5, "msgtype": "text", "text": {"content": "x"}}, 47001),
        ({"touser": "ALICE", "msgtype": "smell", "smell": {}}, 40008),
        ({"touser": "ALICE", "msgtype": "text", "text": {"content": ""}}, 44004),
        ({"touser": "ALICE", "msgtype": "text", "text": {"content": 7}}, 47001),
        ({"touser": "ALICE", "msgtype": "text", "text": {"content": "险" * 683}}, 45002),
        ({"touser": "ALICE", "msgtype": "text"}, 40035),
        ({"touser": "ALICE", "msgtype": "image", "image": {"media_id": "none"}}, 40007),
        ({"touser": "ALICE", "msgtype": "news", "news": {"articles": [{"title": "t"}] * 2}}, 45008),
        ({"touser": "ALICE", "msgtype": "msgmenu", "msgmenu": {"list": [{"id": "1"}]}}, 40035),
        ([], 47001),
    ],
)
async def test_impossible_messages_have_their_codes_and_use_up_nothing(
    driver: Driver, token: str, alice: str, body: Any, errcode: int
) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    sent = {**body, "touser": alice} if isinstance(body, dict) and body.get("touser") == "ALICE" else body
    assert (await driver.post(SEND, sent, access_token=token))["errcode"] == errcode
    state = await driver.get("/sandbox/chat", account="safe-xml", person="alice")
    assert state["quota"]["left"] == 5


async def test_a_menu_message_is_shown_and_its_tap_names_the_option(driver: Driver, token: str, alice: str) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    menu = {"head_content": "满意吗？", "list": [{"id": "y", "content": "满意"}], "tail_content": "谢谢"}
    await driver.post(SEND, {"touser": alice, "msgtype": "msgmenu", "msgmenu": menu}, access_token=token)
    (message,) = [m for m in await driver.chat("safe-xml", "alice") if m["kind"] == "menu"]
    assert (message["options"], message["text"]) == ([{"id": "y", "label": "满意"}], "满意吗？\n满意\n谢谢")


async def test_typing_is_shown_once_in_fifteen_seconds(driver: Driver, token: str, alice: str) -> None:
    async def typing(command: str) -> int:
        body = {"touser": alice, "command": command}
        return int((await driver.post("/oa/cgi-bin/message/custom/typing", body, access_token=token))["errcode"])

    codes = [await typing("Typing")]
    await driver.act("safe-xml", "alice", "text", text="你好")
    codes += [await typing("Typing"), await typing("Typing"), await typing("CancelTyping"), await typing("Typing")]
    assert codes == [45080, 0, 45081, 0, 0]


async def test_the_stable_token_stays_the_same_and_a_forced_one_replaces_it(driver: Driver, alice: str) -> None:
    first, second = await driver.stable_token(), await driver.stable_token()
    await driver.advance(100, step=100)
    third = await driver.stable_token()
    forced = await driver.stable_token(force_refresh=True)
    assert first["access_token"] == second["access_token"] == third["access_token"] != forced["access_token"]
    assert (first["expires_in"], third["expires_in"]) == (7200, 7100)
    assert await _say(driver, first["access_token"], alice) == 40001
    assert (await driver.stable_token(force_refresh=True))["errcode"] == 45011


async def test_the_stable_token_is_renewed_five_minutes_before_its_end(driver: Driver, alice: str) -> None:
    first = (await driver.stable_token())["access_token"]
    await driver.advance(6900, step=6900)
    second = (await driver.stable_token())["access_token"]
    await driver.act("safe-xml", "alice", "text", text="你好")
    assert first != second
    assert await _say(driver, first, alice) == 0
    await driver.advance(300, step=300)
    assert await _say(driver, first, alice) == 42001
    assert await _say(driver, second, alice) == 0


async def test_an_ordinary_token_replaces_the_one_before_within_five_minutes(driver: Driver, alice: str) -> None:
    query = {"grant_type": "client_credential", "appid": "wx-safe-xml", "secret": "secret"}
    await driver.act("safe-xml", "alice", "text", text="你好")
    old = (await driver.get("/oa/cgi-bin/token", **query))["access_token"]
    new = (await driver.get("/oa/cgi-bin/token", **query))["access_token"]
    codes = [await _say(driver, old, alice)]
    await driver.advance(300, step=300)
    assert [*codes, await _say(driver, old, alice), await _say(driver, new, alice)] == [0, 40001, 0]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"appid": "wx-nobody"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"grant_type": "password"}, 40002),
        ({"force_refresh": "yes"}, 47001),
    ],
)
async def test_wrong_credentials_have_their_codes(driver: Driver, changes: dict[str, Any], errcode: int) -> None:
    assert (await driver.stable_token(**changes))["errcode"] == errcode


async def test_addresses_outside_of_the_list_get_no_token(driver: Driver) -> None:
    async with driver.session.patch(
        driver.base + "/sandbox/accounts/safe-xml", json={"ip_allow_list": ["10.0.0.1"]}
    ) as response:
        assert response.status == 200
    assert (await driver.stable_token())["errcode"] == 40164


async def test_an_application_gives_tokens_to_any_address_and_answers_only_those_it_trusts(driver: Driver) -> None:
    token = str((await driver.wecom_token())["access_token"])
    query = {"access_token": token, "agentid": "1000002"}
    before = await driver.get("/wecom/cgi-bin/agent/get", **query)
    async with driver.session.patch(
        driver.base + "/sandbox/accounts/assistant", json={"ip_allow_list": ["10.0.0.1"]}
    ) as response:
        assert response.status == 200
    again = await driver.wecom_token()
    answers = [await driver.get("/wecom/cgi-bin/agent/get", **query), await _tell(driver, token)]
    assert (before["errcode"], before["agentid"], before["close"]) == (0, 1000002, 0)
    assert (again["errcode"], again["access_token"]) == (0, token)
    assert [answer["errcode"] for answer in answers] == [60020, 60020]


@pytest.mark.parametrize("number", ["", "1", "x"])
async def test_an_application_that_the_corporation_has_not_is_unknown(
    driver: Driver, wecom_token: str, number: str
) -> None:
    answer = await driver.get("/wecom/cgi-bin/agent/get", access_token=wecom_token, agentid=number)
    assert answer["errcode"] == 40056


@pytest.mark.parametrize(("method", "errcode"), [("GET", 43002), ("POST", 44002)])
async def test_a_wrong_verb_and_an_empty_body_have_codes(driver: Driver, token: str, method: str, errcode: int) -> None:
    async with driver.session.request(method, f"{driver.base}{SEND}?access_token={token}") as response:
        assert (response.status, (await response.json())["errcode"]) == (200, errcode)


@pytest.mark.parametrize("rules", [{"daily_limits": {"/cgi-bin/message/custom/send": 2}}])
async def test_a_daily_limit_ends_at_midnight_in_beijing_or_when_it_is_cleared(
    driver: Driver, token: str, alice: str
) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    codes = [await _say(driver, token, alice) for _ in range(3)]
    await driver.post("/oa/cgi-bin/clear_quota", {"appid": "wx-safe-xml"}, access_token=token)
    codes += [await _say(driver, token, alice) for _ in range(3)]
    await driver.advance(8 * 3600, step=8 * 3600)  # 08:00 in London is 16:00 in Beijing
    fresh = (await driver.stable_token())["access_token"]
    assert [*codes, await _say(driver, fresh, alice)] == [0, 0, 45009, 0, 0, 45009, 0]


@pytest.mark.parametrize(
    ("rules", "errcode"),
    [
        ({"daily_limits": {"/cgi-bin/stable_token": 2}}, 45009),
        ({"minute_limits": {"/cgi-bin/stable_token": 2}}, 45011),
    ],
)
async def test_token_requests_are_counted(driver: Driver, errcode: int) -> None:
    answers = [await driver.stable_token() for _ in range(3)]
    answers.append(await driver.stable_token("wx-safe-json"))
    assert [answer.get("errcode", 0) for answer in answers] == [0, 0, errcode, 0]


async def test_an_ordinary_token_is_given_two_thousand_times_a_day(driver: Driver) -> None:
    query = {"grant_type": "client_credential", "appid": "wx-safe-xml", "secret": "wrong"}
    codes = [(await driver.get("/oa/cgi-bin/token", **query))["errcode"] for _ in range(2001)]
    assert (codes[1999], codes[2000]) == (40125, 45009)


@pytest.mark.parametrize("rules", [{"wecom_wrong_secrets": 3}])
async def test_repeated_wrong_secrets_bar_the_address_from_wecom_for_an_hour(driver: Driver) -> None:
    codes = [(await driver.wecom_token("guess"))["errcode"] for _ in range(3)]
    codes.append((await driver.wecom_token())["errcode"])
    await driver.advance(3600, step=3600)
    assert [*codes, (await driver.wecom_token())["errcode"]] == [40001, 40001, 40001, 45009, 0]


@pytest.mark.parametrize("rules", [{"unfollowed_errcode": 43004}])
async def test_a_rule_chooses_the_code_for_people_who_left(driver: Driver, token: str) -> None:
    assert await _say(driver, token, await driver.openid("carol")) == 43004


async def test_followers_are_listed_and_described(driver: Driver, token: str, alice: str) -> None:
    listed = await driver.get("/oa/cgi-bin/user/get", access_token=token)
    info = await driver.get("/oa/cgi-bin/user/info", access_token=token, openid=alice)
    stranger = await driver.get("/oa/cgi-bin/user/info", access_token=token, openid=await driver.openid("carol"))
    assert (listed["total"], listed["data"]["openid"][0]) == (2, alice)
    assert (info["subscribe"], info["unionid"]) == (1, "u-alice")
    assert stranger == {"subscribe": 0, "openid": await driver.openid("carol")}


async def test_a_menu_is_created_shown_to_the_phone_and_deleted(driver: Driver, token: str) -> None:
    menu = {"button": [{"type": "click", "name": "帮助", "key": "HELP"}]}
    assert (await driver.post("/oa/cgi-bin/menu/create", menu, access_token=token))["errcode"] == 0
    assert (await driver.get("/oa/cgi-bin/menu/get", access_token=token))["menu"] == menu
    accounts = (await driver.get("/sandbox/accounts"))["accounts"]
    assert accounts[0]["menu"] == menu["button"]
    assert (await driver.get("/oa/cgi-bin/menu/delete", access_token=token))["errcode"] == 0
    assert (await driver.get("/oa/cgi-bin/menu/get", access_token=token))["errcode"] == 46003
    bad = {"button": [{"type": "click", "name": "帮助"}]}
    assert (await driver.post("/oa/cgi-bin/menu/create", bad, access_token=token))["errcode"] == 40019


async def test_a_qr_code_is_an_image_and_its_scan_brings_the_scene(driver: Driver, token: str) -> None:
    order = {"expire_seconds": 60, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "agent_7"}}}
    code = await driver.post("/oa/cgi-bin/qrcode/create", order, access_token=token)
    async with driver.session.get(
        driver.base + "/oa/cgi-bin/showqrcode", params={"ticket": code["ticket"]}
    ) as response:
        assert (response.content_type, (await response.read())[:4]) == ("image/png", b"\x89PNG")
    settled = await driver.act("safe-xml", "carol", "scan", url=code["url"])
    assert settled["message_key"].endswith(":subscribe:qrscene_agent_7")
    await driver.advance(60, step=60)
    assert "过期" in (await driver.act("safe-xml", "alice", "scan", ticket=code["ticket"]))["error"]


async def test_an_application_message_reaches_members_and_names_the_unknown_in_lower_case(
    driver: Driver, wecom_token: str
) -> None:
    answer = await _tell(driver, wecom_token, touser="zhangwei|LINA|NoBody")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    shown = await driver.lines("shown")
    assert [(line["person"], line["via"]) for line in shown] == [
        ("ZhangWei", "message_send"),
        ("LiNa", "message_send"),
    ]
    assert {line["msgid"] for line in shown} == {answer["msgid"]}


async def test_a_message_to_nobody_known_is_refused(driver: Driver, wecom_token: str) -> None:
    answer = await _tell(driver, wecom_token, touser="Ghost|Nobody")
    assert (answer["errcode"], answer["invaliduser"]) == (81013, "ghost|nobody")


async def test_another_agent_than_the_tokens_is_refused(driver: Driver, wecom_token: str) -> None:
    assert (await _tell(driver, wecom_token, agentid=1))["errcode"] == 301002


async def test_a_repeated_request_is_answered_and_not_delivered(driver: Driver, wecom_token: str) -> None:
    asked: dict[str, Any] = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    answers = [await _tell(driver, wecom_token, **asked) for _ in range(2)]
    await driver.advance(600, step=600)
    answers.append(await _tell(driver, wecom_token, **asked))
    assert [answer["errcode"] for answer in answers] == [0, 0, 0]
    assert all(answer["msgid"] for answer in answers)
    assert len(await driver.lines("shown")) == 2
    assert [line["cause"] for line in await driver.lines("dropped")] == ["duplicate"]


async def test_a_member_without_a_licence_is_named_and_gets_nothing(driver: Driver, wecom_token: str) -> None:
    await driver.fault("unlicensed_user", person="LiNa", times=1)
    answer = await _tell(driver, wecom_token, touser="ZhangWei|LiNa")
    assert (answer["errcode"], answer["unlicenseduser"], "invaliduser" in answer) == (0, "lina", False)
    assert [line["person"] for line in await driver.lines("shown")] == ["ZhangWei"]
    assert [(line["people"], line["cause"]) for line in await driver.lines("dropped")] == [(["LiNa"], "unlicensed")]


async def test_the_thirty_first_message_in_a_minute_is_dropped_without_a_word(driver: Driver, wecom_token: str) -> None:
    answers = [await _tell(driver, wecom_token, str(number)) for number in range(31)]
    assert {answer["errcode"] for answer in answers} == {0}
    assert len(await driver.lines("shown")) == 30
    await driver.advance(60, step=60)
    await _tell(driver, wecom_token, "later")
    assert (await driver.lines("shown"))[-1]["text"] == "later"


async def test_a_message_is_taken_back(driver: Driver, wecom_token: str) -> None:
    answer = await _tell(driver, wecom_token)
    recalled = await driver.post("/wecom/cgi-bin/message/recall", {"msgid": answer["msgid"]}, access_token=wecom_token)
    assert recalled["errcode"] == 0
    assert [m["kind"] for m in await driver.chat("assistant", "ZhangWei")] == ["recalled"]


async def test_the_wecom_token_is_the_same_until_it_ends(driver: Driver, wecom_token: str) -> None:
    assert (await driver.wecom_token())["access_token"] == wecom_token
    await driver.advance(7200, step=7200)
    assert (await _tell(driver, wecom_token))["errcode"] == 42001
    assert (await driver.wecom_token())["access_token"] != wecom_token
    assert (await driver.wecom_token("wrong"))["errcode"] == 40001
    assert (await _tell(driver, "garbage"))["errcode"] == 40014
