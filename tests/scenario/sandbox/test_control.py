"""What pages and tests see of the sandbox: time, chats as they go on, the record, people."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox.app import sandbox
from bot.sandbox.config import parse_config
from tests.scenario.sandbox.rig import START, Driver, TinyBot, configuration


async def test_time_stands_still_until_it_is_advanced(driver: Driver) -> None:
    assert await driver.get("/sandbox/clock") == {"now": START, "mode": "virtual"}
    await driver.advance(90, step=30)
    assert (await driver.get("/sandbox/clock"))["now"] == START + 90


async def test_a_clock_subscriber_sees_every_step_and_time_waits_for_it(driver: Driver) -> None:
    seen: list[float] = []
    async with driver.session.ws_connect(driver.base + "/sandbox/clock/stream") as socket:

        async def follow() -> None:
            async for message in socket:
                now = message.json()["now"]
                seen.append(now - START)
                await socket.send_json({"seen": now})

        follower = asyncio.create_task(follow())
        await driver.advance(1, step=0.25)
        steps = list(seen)
        await socket.close()
        await follower
    assert steps == [0, 0.25, 0.5, 0.75, 1]


async def test_a_chat_is_told_as_it_goes_on(driver: Driver, bot: TinyBot) -> None:
    url = f"{driver.base}/sandbox/live?account=safe-xml&person=alice"
    async with driver.session.ws_connect(url) as socket:
        first = await socket.receive_json()
        await driver.act("safe-xml", "alice", "text", text="你好")
        events: list[dict[str, Any]] = []
        while not events or events[-1]["event"] != "settled":
            events.append(await socket.receive_json())
    assert (first["event"], first["state"]["following"]) == ("state", True)
    assert [e["message"]["text"] for e in events if e["event"] == "message"] == ["你好"]
    assert events[-1]["result"] == "empty"


async def test_the_record_can_be_waited_for(driver: Driver, bot: TinyBot) -> None:
    waiting = asyncio.create_task(driver.get("/sandbox/record", after=0, wait=10))
    await driver.act("safe-xml", "alice", "text", text="你好")
    assert (await waiting)["lines"][0]["what"] == "push"


async def test_the_record_is_read_on_from_a_number(driver: Driver, bot: TinyBot) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    answer = await driver.get("/sandbox/record", after=1)
    assert ([line["n"] for line in answer["lines"]], answer["last"]) == ([2], 2)
    assert await driver.get("/sandbox/record", after=2) == {"lines": [], "last": 2}


async def test_accounts_and_people_are_listed_without_secrets(driver: Driver) -> None:
    accounts = (await driver.get("/sandbox/accounts"))["accounts"]
    people = await driver.get("/sandbox/people")
    assert [a["channel"] for a in accounts] == ["wechat"] * 6 + ["wecom", "kf"]
    assert "secret" not in str(accounts).replace("secret-", "")
    assert [p["name"] for p in people["people"]] == ["小爱", "小波", "小可"]
    assert [m["userid"] for m in people["members"]] == ["ZhangWei", "LiNa"]


async def test_somebody_new_can_come(driver: Driver, bot: TinyBot) -> None:
    person = {"id": "dora", "name": "小朵", "follows": ["safe-xml"]}
    assert (await driver.post("/sandbox/people", person))["follows"] == ["safe-xml"]
    assert (await driver.act("safe-xml", "dora", "text", text="你好"))["result"] == "empty"
    await driver.post("/sandbox/members", {"corp_id": "ww1", "member": {"userid": "WangWu", "name": "王五"}})
    assert (await driver.act("assistant", "WangWu", "text", text="你好"))["result"] == "empty"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"account": "nowhere", "person": "alice", "act": "text", "text": "x"}, 404),
        ({"account": "assistant", "person": "nobody", "act": "text", "text": "x"}, 404),
        ({"account": "safe-xml", "person": "carol", "act": "text", "text": "x"}, 409),
        ({"account": "safe-xml", "person": "alice", "act": "follow"}, 409),
        ({"account": "safe-xml", "person": "alice", "act": "enter"}, 409),
        ({"account": "assistant", "person": "LiNa", "act": "scan", "scene": "x"}, 409),
        ({"account": "safe-xml", "person": "alice", "act": "text"}, 422),
        ({"account": "safe-xml", "person": "alice", "act": "dance"}, 422),
        ({"account": "safe-xml", "person": "alice", "act": "scan"}, 422),
        ([], 422),
    ],
)
async def test_an_impossible_act_is_refused_in_a_sentence(driver: Driver, body: Any, status: int) -> None:
    async with driver.session.post(driver.base + "/sandbox/act", json=body) as response:
        assert (response.status, bool((await response.json())["error"])) == (status, True)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ({"latitude": None}, "请求里有不对的地方：纬度：应该是数字"),
        ({"longitude": 181}, "请求里有不对的地方：经度：不能大于 180"),
        ({"scale": "x"}, "请求里有不对的地方：scale：应该是整数"),
        ({"speed": 1}, "请求里有不对的地方：speed：没有这个字段"),
    ],
)
async def test_a_wrong_field_is_told_in_chinese(driver: Driver, act: dict[str, Any], sentence: str) -> None:
    body = {"account": "safe-xml", "person": "alice", "act": "location", **act}
    async with driver.session.post(driver.base + "/sandbox/act", json=body) as response:
        assert (response.status, (await response.json())["error"]) == (422, sentence)


async def test_real_time_cannot_be_advanced(tmp_path: Path) -> None:
    config = parse_config({"record": "other.jsonl"}, source="test")
    async with sandbox(config, home=tmp_path) as app, TestClient(TestServer(app)) as client:
        response = await client.post("/sandbox/clock/advance", json={"seconds": 1})
        assert response.status == 409


async def test_a_restarted_sandbox_knows_its_followers_and_what_may_be_sent_to_them(tmp_path: Path) -> None:
    config = parse_config(configuration("http://127.0.0.1:9", "http://127.0.0.1:9"), source="test")

    async def state(client: Any, person: str) -> tuple[bool, int]:
        response = await client.get("/sandbox/chat", params={"account": "safe-xml", "person": person})
        found = await response.json()
        return found["following"], (found["quota"] or {"left": 0})["left"]

    people = ("alice", "bob", "carol", "dora")
    acts = (
        ("alice", {"act": "text", "text": "x"}),
        ("bob", {"act": "text", "text": "x"}),
        ("bob", {"act": "unfollow"}),
        ("carol", {"act": "scan", "scene": "booth"}),
        ("dora", {"act": "follow"}),
    )
    states = []
    for run in range(2):
        async with sandbox(config, home=tmp_path) as app, TestClient(TestServer(app)) as client:
            if run == 0:
                for person, act in acts:
                    body = {"account": "safe-xml", "person": person, "wait": False, **act}
                    assert (await client.post("/sandbox/act", json=body)).status == 200
                await client.get("/sandbox/record?after=4&wait=10")
                credentials = {"grant_type": "client_credential", "appid": "wx-safe-xml", "secret": "secret"}
                answer = await (await client.post("/oa/cgi-bin/stable_token", json=credentials)).json()
                openids = await (await client.get("/sandbox/people")).json()
                openid = next(p["openids"]["safe-xml"] for p in openids["people"] if p["id"] == "alice")
                message = {"touser": openid, "msgtype": "text", "text": {"content": "hi"}}
                query = {"access_token": answer["access_token"]}
                sent = await client.post("/oa/cgi-bin/message/custom/send", json=message, params=query)
                assert (await sent.json())["errcode"] == 0
            states.append([await state(client, person) for person in people])
    assert states[0] == [(True, 4), (False, 0), (True, 3), (True, 3)]
    assert states[1] == states[0]


async def test_a_restarted_sandbox_goes_on_in_its_record_with_new_numbers(tmp_path: Path) -> None:
    config = parse_config(configuration("http://127.0.0.1:9", "http://127.0.0.1:9"), source="test")
    act = {"account": "safe-xml", "person": "alice", "act": "text", "text": "x", "wait": False}
    answers = []
    for _ in range(2):
        async with sandbox(config, home=tmp_path) as app, TestClient(TestServer(app)) as client:
            answers.append(await (await client.post("/sandbox/act", json=act)).json())
            await client.get("/sandbox/record?after=0&wait=5")
            lines = (await (await client.get("/sandbox/record")).json())["lines"]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    assert answers[0]["push"] != answers[1]["push"]
    assert answers[0]["message_key"] != answers[1]["message_key"]


async def test_time_leaves_the_bot_a_moment_to_answer_what_is_under_way(driver: Driver, bot: TinyBot) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好", wait=False)
    await driver.post("/sandbox/clock/advance", {"seconds": 5, "step": 5, "settle_seconds": 2})
    assert [line["result"] for line in await driver.lines("answer")] == ["empty"]


async def test_the_phone_page_is_served(driver: Driver) -> None:
    async with driver.session.get(driver.base + "/phone") as response:
        assert (response.status, response.content_type) == (200, "text/html")
