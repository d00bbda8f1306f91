"""A restarted sandbox goes on as the platform it plays: what it promised before still holds, from its record alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.kf_account import external_userid_of
from tests.scenario.processes import Child
from tests.scenario.sandbox.restarts import NOWHERE, Sandboxes
from tests.scenario.sandbox.rig import Driver, configuration

API = "/cgi-bin/message/custom/send"
SEND = f"/oa{API}"
WECOM = "/wecom/cgi-bin"
BUTTON = {"type": "click", "name": "保单", "key": "P"}


@pytest.fixture
def rules() -> dict[str, Any]:
    """Rules of the sandbox; a test that needs others parametrizes them."""
    return {}


async def _tell(driver: Driver, token: str, **changes: Any) -> Any:
    body = {"touser": "ZhangWei", "agentid": 1000002, "msgtype": "text", "text": {"content": "早"}, **changes}
    return await driver.post(f"{WECOM}/message/send", body, access_token=token)


async def _wecom_token(driver: Driver) -> str:
    return str((await driver.wecom_token())["access_token"])


async def _write(driver: Driver, person: str) -> int:
    token = str((await driver.stable_token())["access_token"])
    body = {"touser": await driver.openid(person), "msgtype": "text", "text": {"content": "hi"}}
    return int((await driver.post(SEND, body, access_token=token))["errcode"])


@pytest.mark.parametrize(("interval", "seconds", "shown"), [(1800, 1700, 1), (14400, 14000, 1), (1800, 1800, 2)])
async def test_a_repeat_across_a_restart_is_not_shown_twice_within_its_interval(
    sandboxes: Sandboxes, interval: int, seconds: float, shown: int
) -> None:
    asked = {"enable_duplicate_check": 1, "duplicate_check_interval": interval}
    async with sandboxes.run() as driver:
        await _tell(driver, await _wecom_token(driver), **asked)
    async with sandboxes.run() as driver:
        await driver.advance(seconds, step=seconds)
        assert (await _tell(driver, await _wecom_token(driver), **asked))["errcode"] == 0
        assert len(await driver.lines("shown")) == shown


@pytest.mark.parametrize("rules", [{"wecom_messages_a_minute": 3}, {"wecom_messages_an_hour": 3}])
async def test_what_a_member_got_counts_across_a_restart(sandboxes: Sandboxes) -> None:
    for _ in range(2):
        async with sandboxes.run() as driver:
            token = await _wecom_token(driver)
            for _ in range(2):
                await _tell(driver, token)
            await _tell(driver, token, touser="LiNa")
            shown = [line["person"] for line in await driver.lines("shown")]
    assert (shown.count("ZhangWei"), shown.count("LiNa")) == (3, 2)


async def test_a_message_can_be_taken_back_after_a_restart_and_only_once(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        msgid = (await _tell(driver, await _wecom_token(driver)))["msgid"]
    codes = []
    for _ in range(2):
        async with sandboxes.run() as driver:
            token = await _wecom_token(driver)
            answer = await driver.post(f"{WECOM}/message/recall", {"msgid": msgid}, access_token=token)
            codes.append(answer["errcode"])
            kinds = [message["kind"] for message in await driver.chat("assistant", "ZhangWei")]
            assert kinds == ["recalled"]
    assert codes == [0, 40058]


@pytest.mark.parametrize(
    ("relation", "errcode"),
    [({"blacklisted": True}, 43019), ({"refusing": True}, 48002), ({"following": False}, 45015)],
)
async def test_who_cannot_be_written_to_cannot_after_a_restart(
    sandboxes: Sandboxes, relation: dict[str, bool], errcode: int
) -> None:
    async with sandboxes.run() as driver:
        await driver.act("safe-xml", "alice", "text", text="x", wait=False)
        await driver.act("safe-xml", "bob", "text", text="x", wait=False)
        await driver.recorded(2)
        await driver.post("/sandbox/relations", {"account": "safe-xml", "people": ["alice"], **relation})
        await driver.post("/sandbox/relations", {"account": "safe-xml", "people": ["bob"], "blacklisted": True})
        await driver.post("/sandbox/relations", {"account": "safe-xml", "people": ["bob"], "blacklisted": False})
        before = [await _write(driver, person) for person in ("alice", "bob")]
    async with sandboxes.run() as driver:
        assert [await _write(driver, person) for person in ("alice", "bob")] == before == [errcode, 0]


async def test_people_and_members_who_were_added_are_still_there(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        await driver.post("/sandbox/people", {"id": "dora", "name": "朵拉", "unionid": "u", "follows": ["safe-xml"]})
        await driver.post("/sandbox/members", {"corp_id": "ww1", "member": {"userid": "NewHere", "name": "新人"}})
        people = await driver.get("/sandbox/people")
    async with sandboxes.run() as driver:
        assert await driver.get("/sandbox/people") == people
        assert (await _tell(driver, await _wecom_token(driver), touser="NewHere"))["errcode"] == 0


async def test_menus_set_by_api_stay_and_those_taken_away_stay_away(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        token, wecom = (await driver.stable_token())["access_token"], await _wecom_token(driver)
        await driver.post("/oa/cgi-bin/menu/create", {"button": [BUTTON]}, access_token=token)
        for _ in range(2):
            await driver.post(f"{WECOM}/menu/create", {"button": [BUTTON]}, access_token=wecom, agentid=1000002)
        await driver.get(f"{WECOM}/menu/delete", access_token=wecom, agentid=1000002)
    async with sandboxes.run() as driver:
        menus = {account["name"]: account["menu"] for account in (await driver.get("/sandbox/accounts"))["accounts"]}
        assert (menus["safe-xml"], menus["assistant"], menus["plain-xml"]) == ([BUTTON], [], [])


async def test_the_talk_stands_in_the_chats_as_before(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        await driver.act("safe-xml", "alice", "text", text="你好", wait=False)
        await driver.act("safe-xml", "alice", "location", latitude=31.2, longitude=121.5, label="上海", wait=False)
        await driver.recorded(2)
        await driver.advance(15)  # nobody answers: the platform's own notice stands in the chat too
        await _write(driver, "alice")
        token = await _wecom_token(driver)
        await _tell(driver, token, msgtype="news", news={"articles": [{"title": "早报", "url": "https://example.com"}]})
        before = [await driver.chat("safe-xml", "alice"), await driver.chat("assistant", "ZhangWei")]
    async with sandboxes.run() as driver:
        after = [await driver.chat("safe-xml", "alice"), await driver.chat("assistant", "ZhangWei")]
    assert [[message["from"] for message in chat] for chat in before] == [
        ["person", "person", "system", "system", "account"],
        ["account"],
    ]
    assert [_approximate(chat) for chat in after] == [_approximate(chat) for chat in before]


def _approximate(chat: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a chat with the seconds of its messages: the record keeps thousandths."""
    return [{**message, "at": round(message["at"], 2)} for message in chat]


async def test_tokens_live_on_and_replaced_and_ended_ones_do_not(sandboxes: Sandboxes) -> None:
    async def check(driver: Driver, family: str, token: str) -> int:
        answer = await driver.get(f"/{family}/cgi-bin/getcallbackip", access_token=token)
        return int(answer.get("errcode", 0))

    async with sandboxes.run() as driver:
        replaced = (await driver.stable_token())["access_token"]
        stable = (await driver.stable_token(force_refresh=True))["access_token"]
        ended = await _wecom_token(driver)
        await driver.fault("expired_token", account="assistant", times=1)
        await check(driver, "wecom", ended)
        wecom = await _wecom_token(driver)
    async with sandboxes.run() as driver:
        assert (await driver.stable_token())["access_token"] == stable
        assert await _wecom_token(driver) == wecom
        codes = [await check(driver, "oa", token) for token in (stable, replaced)]
        codes += [await check(driver, "wecom", token) for token in (wecom, ended)]
    assert codes == [0, 40001, 0, 42001]


async def test_codes_made_by_api_and_by_the_control_api_can_still_be_scanned(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        token = (await driver.stable_token())["access_token"]
        action = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "stand"}}}
        made = await driver.post("/oa/cgi-bin/qrcode/create", action, access_token=token)
        drawn = await driver.post("/sandbox/qrcodes", {"account": "safe-xml", "scene": "booth"})
    async with sandboxes.run() as driver:
        for code in (made, drawn):
            assert "error" not in await driver.act("safe-xml", "carol", "scan", ticket=code["ticket"], wait=False)
        await driver.recorded(5)
    async with sandboxes.run() as driver:
        token = (await driver.stable_token())["access_token"]
        carol = await driver.get("/oa/cgi-bin/user/info", access_token=token, openid=await driver.openid("carol"))
        assert (carol["subscribe"], carol["qr_scene_str"]) == (1, "stand")


@pytest.mark.parametrize("rules", [{"daily_limits": {API: 2}}, {"minute_limits": {API: 2}}])
async def test_calls_of_an_api_with_a_limit_count_across_a_restart(sandboxes: Sandboxes, rules: dict[str, Any]) -> None:
    codes = []
    for _ in range(2):
        async with sandboxes.run() as driver:
            await driver.act("safe-xml", "alice", "text", text="x", wait=False)
            await driver.recorded(1)
            codes += [await _write(driver, "alice") for _ in range(2)]
    assert codes == [0, 0, *[45009 if "daily_limits" in rules else 45011] * 2]


@pytest.mark.parametrize("rules", [{"daily_limits": {API: 1}}])
async def test_a_cleared_quota_is_cleared_after_a_restart(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        await driver.act("safe-xml", "alice", "text", text="x", wait=False)
        await driver.recorded(1)
        token = str((await driver.stable_token())["access_token"])
        codes = [await _write(driver, "alice")]
        await driver.post("/oa/cgi-bin/clear_quota", {"appid": "wx-safe-xml"}, access_token=token)
    async with sandboxes.run() as driver:
        codes += [await _write(driver, "alice") for _ in range(2)]
    assert codes == [0, 0, 45009]


async def test_a_killed_process_that_is_started_again_shows_no_repeat(tmp_path: Path) -> None:
    config = {**configuration(NOWHERE, NOWHERE), "clock": {"mode": "real"}}
    (tmp_path / "sandbox.json").write_text(json.dumps(config), "utf-8")
    arguments = ["bot.sandbox", "--config", str(tmp_path / "sandbox.json"), "--port", "0"]
    codes = []
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            process = Child("sandbox", arguments, home=tmp_path)
            try:
                driver = Driver(f"http://127.0.0.1:{process.start()}", session)
                answer = await _tell(driver, await _wecom_token(driver), enable_duplicate_check=1)
                codes.append(answer["errcode"])
                shown = await driver.lines("shown")
            finally:
                process.kill()
    assert (codes, len(shown)) == ([0, 0], 1)


async def test_crowds_tags_departments_and_leavers_are_known_again(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        await driver.post("/sandbox/crowds", {"account": "safe-xml", "count": 3})
        await driver.post("/sandbox/tags", {"account": "safe-xml", "name": "车险", "people": ["crowd00000002"]})
        await driver.post("/sandbox/departments", {"corp_id": "ww1", "department": {"id": 2, "name": "上海"}})
        await driver.post("/sandbox/leavers", {"corp_id": "ww1", "userid": "LiNa"})
    async with sandboxes.run() as driver:
        token = str((await driver.stable_token())["access_token"])
        followers = await driver.get("/oa/cgi-bin/user/get", access_token=token)
        tags = await driver.get("/oa/cgi-bin/tags/get", access_token=token)
        token = await _wecom_token(driver)
        departments = await driver.get(f"{WECOM}/department/list", access_token=token)
        members = await driver.get(f"{WECOM}/user/list", access_token=token, department_id=1)

    assert followers["total"] == 5
    assert tags["tags"] == [{"id": 100, "name": "车险", "count": 1}]
    assert [each["name"] for each in departments["department"]] == ["安心保险", "上海"]
    assert [each["userid"] for each in members["userlist"]] == ["ZhangWei"]


async def test_files_are_gone(sandboxes: Sandboxes) -> None:
    path = "/sandbox/media?account=safe-xml"
    async with sandboxes.run() as driver, driver.session.post(driver.base + path, data=b"png") as response:
        address = (await response.json())["url"]
    async with sandboxes.run() as driver, driver.session.get(driver.base + address) as response:
        assert response.status == 404


async def test_of_a_message_whose_lines_are_torn_nothing_is_known(sandboxes: Sandboxes) -> None:
    asked = {"enable_duplicate_check": 1}
    async with sandboxes.run() as driver:
        await _tell(driver, await _wecom_token(driver), **asked)
    record = sandboxes.home / "record.jsonl"
    record.write_bytes(record.read_bytes()[:-10])
    async with sandboxes.run() as driver:
        await _tell(driver, await _wecom_token(driver), **asked)
        assert len(await driver.lines("shown")) == 1


async def test_customer_service_goes_on_where_it_stood(sandboxes: Sandboxes) -> None:
    kf, desk = f"{WECOM}/kf", "wkAnxin0000000000000000000000001"
    alice = external_userid_of("ww1", "alice")
    words = {"touser": alice, "open_kfid": desk, "msgtype": "text", "text": {"content": "您好"}, "msgid": "once"}
    order = {"account": "counter", "servicer": "ZhangWei", "person": "alice", "wait": False}
    async with sandboxes.run() as driver:
        token = (await driver.wecom_token("kf-secret"))["access_token"]
        await driver.act("counter", "alice", "text", text="在吗", wait=False)
        assert (await driver.post(f"{kf}/send_msg", words, access_token=token))["errcode"] == 0
        await driver.post("/sandbox/kf/servicer", {**order, "act": "take"})
        await driver.post("/sandbox/kf/servicer", {**order, "act": "text", "text": "我是张伟"})
        while len(before := await driver.chat("counter", "alice")) < 3:
            await driver.get("/sandbox/clock")
        page = await driver.post(f"{kf}/sync_msg", {"open_kfid": desk}, access_token=token)
    async with sandboxes.run() as driver:
        token = (await driver.wecom_token("kf-secret"))["access_token"]
        again = await driver.post(f"{kf}/sync_msg", {"open_kfid": desk}, access_token=token)
        assert (again["msg_list"], again["next_cursor"]) == (page["msg_list"], page["next_cursor"])
        assert len(page["msg_list"]) == 3
        assert await driver.chat("counter", "alice") == before
        about = {"open_kfid": desk, "external_userid": alice}
        state = await driver.post(f"{kf}/service_state/get", about, access_token=token)
        assert (state["service_state"], state["servicer_userid"]) == (3, "ZhangWei")
        await driver.post("/sandbox/kf/servicer", {**order, "act": "end"})
        await driver.act("counter", "alice", "text", text="谢谢", wait=False)
        answers = [await driver.post(f"{kf}/send_msg", words, access_token=token) for _ in range(2)]
        assert [answer["errcode"] for answer in answers] == [0, 0]
        assert len(await driver.chat("counter", "alice")) == len(before) + 1
