"""Mass sends of an official account: whom they reach, what a key and a month allow, and what the bot is told."""

from __future__ import annotations

from typing import Any

import pytest
from defusedxml import ElementTree

from bot.sandbox.crypto import Sealer
from tests.scenario.sandbox.restarts import Sandboxes
from tests.scenario.sandbox.rig import AES_KEY, Driver, TinyBot

ACCOUNT = "plain-xml"
MASS = "/oa/cgi-bin/message/mass"
DRAFT = "/oa/cgi-bin/draft"
DAY = 86_400
PIXEL = b"\x89PNG\r\n\x1a\n" + b"0" * 32


@pytest.fixture
def rules() -> dict[str, Any]:
    return {}


class Sender:
    """Sends to a crowd of one account."""

    def __init__(self, driver: Driver, openids: list[str]) -> None:
        self.driver = driver
        self.openids = openids

    async def token(self) -> str:
        return str((await self.driver.stable_token(f"wx-{ACCOUNT}"))["access_token"])

    async def call(self, path: str, body: dict[str, Any]) -> Any:
        return await self.driver.post(path, body, access_token=await self.token())

    async def send(self, openids: Any = None, **changes: Any) -> Any:
        people = self.openids if openids is None else openids
        body = {"touser": people, "msgtype": "text", "text": {"content": "体检权益上新"}, **changes}
        return await self.call(f"{MASS}/send", body)

    async def shown(self) -> list[str]:
        return [line["person"] for line in await self.driver.lines("shown") if line["via"] == "mass"]


async def _sender(driver: Driver, *, count: int = 6) -> Sender:
    await driver.post("/sandbox/crowds", {"account": ACCOUNT, "count": count, "prefix": "c"})
    sender = Sender(driver, [])
    listed = await driver.get("/oa/cgi-bin/user/get", access_token=await sender.token())
    people = {line["id"]: line["openids"][ACCOUNT] for line in (await driver.get("/sandbox/people"))["people"]}
    sender.openids = [openid for openid in listed["data"]["openid"] if openid not in people.values()]
    return sender


def _event(bot: TinyBot, number: int) -> dict[str, str]:
    root = ElementTree.fromstring(bot.received[number].body)
    return {child.tag: child.text or "" for child in root}


async def test_a_send_reaches_who_can_be_reached_and_the_bot_is_told_the_counts(driver: Driver, bot: TinyBot) -> None:
    sender = await _sender(driver)
    relation = {"account": ACCOUNT, "people": ["c00000002"]}
    await driver.post("/sandbox/relations", {**relation, "following": False})
    await driver.post("/sandbox/relations", {**relation, "people": ["c00000003"], "refusing": True})
    accepted = await sender.send()
    early = await sender.call(f"{MASS}/get", {"msg_id": accepted["msg_id"]})
    before = await sender.shown()
    await driver.advance(31, step=31)
    await bot.arrived(1)
    event = _event(bot, 0)

    assert (accepted["errcode"], early["msg_status"], before) == (0, "SENDING", [])
    assert await sender.shown() == ["c00000001", "c00000004", "c00000005", "c00000006"]
    assert [m["text"] for m in await driver.chat(ACCOUNT, "c00000001")] == ["体检权益上新"]
    assert event["Event"] == "MASSSENDJOBFINISH"
    assert event["MsgID"] == str(accepted["msg_id"])
    counts = {name: event[name] for name in ("Status", "TotalCount", "FilterCount", "SentCount", "ErrorCount")}
    assert counts == {
        "Status": "send success",
        "TotalCount": "6",
        "FilterCount": "4",
        "SentCount": "4",
        "ErrorCount": "0",
    }
    assert (await sender.call(f"{MASS}/get", {"msg_id": str(accepted["msg_id"])}))["msg_status"] == "SEND_SUCCESS"


async def test_the_event_comes_under_the_accounts_own_cipher(driver: Driver, bot: TinyBot) -> None:
    token = str((await driver.stable_token("wx-safe-xml"))["access_token"])
    people = [await driver.openid("alice"), await driver.openid("bob")]
    body = {"touser": people, "msgtype": "text", "text": {"content": "新"}}
    await driver.post(f"{MASS}/send", body, access_token=token)
    await driver.advance(31, step=31)
    await bot.arrived(1)
    encrypted = ElementTree.fromstring(bot.received[0].body).findtext("Encrypt")
    assert encrypted is not None
    assert "MASSSENDJOBFINISH" in Sealer.of(AES_KEY, "wx-safe-xml").decrypt(encrypted).decode()


@pytest.mark.parametrize("key", [{"clientmsgid": "camp-7-chunk-1"}, {}], ids=["a key", "the content"])
async def test_the_same_send_within_a_day_is_sent_once(driver: Driver, key: dict[str, str]) -> None:
    sender = await _sender(driver)
    first = await sender.send(**key)
    at_once = await sender.send(**key)
    await driver.advance(120, step=120)
    again = await sender.send(**key)
    await driver.advance(DAY, step=DAY)
    next_day = await sender.send(**key)
    await driver.advance(31, step=31)

    assert [answer["errcode"] for answer in (first, at_once, again, next_day)] == [0, 45066, 45065, 0]
    assert again["msg_id"] == first["msg_id"] != next_day["msg_id"]
    assert len(await sender.shown()) == 12


async def test_a_key_of_its_own_lets_the_same_words_go_again(driver: Driver) -> None:
    sender = await _sender(driver)
    codes = [(await sender.send(clientmsgid=key))["errcode"] for key in ("a", "b", "x" * 65)]
    assert codes == [0, 0, 45067]


async def test_a_follower_gets_four_a_month_and_the_fifth_fails_for_them_alone(driver: Driver, bot: TinyBot) -> None:
    sender = await _sender(driver)
    for number in range(4):
        await sender.send(sender.openids[:3], clientmsgid=f"m{number}")
        await driver.advance(61, step=61)
    fifth = (await sender.send(clientmsgid="fifth"))["msg_id"]
    await driver.advance(61, step=61)
    await bot.arrived(5)
    events = [_event(bot, number) for number in range(len(bot.received))]
    event = next(event for event in events if event["MsgID"] == str(fifth))
    # The fifth of January 2026 in Beijing: 27 days on it is February there.
    await driver.advance(27 * DAY, step=27 * DAY)
    await sender.send(sender.openids[:3], clientmsgid="february")
    await driver.advance(61, step=61)

    assert (event["TotalCount"], event["SentCount"], event["ErrorCount"]) == ("6", "3", "3")
    assert (await sender.shown()).count("c00000001") == 5
    assert (await sender.shown()).count("c00000006") == 1


async def test_lists_have_two_to_ten_thousand_known_people(driver: Driver) -> None:
    sender = await _sender(driver)
    codes = [
        (await sender.send(people))["errcode"]
        for people in (sender.openids[:1], [sender.openids[0]] * 10_001, ["o-nobody", "o-neither"])
    ]
    listless = await sender.send(touser="all")
    assert [*codes, listless["errcode"]] == [40032, 40032, 40003, 40031]
    assert await sender.shown() == []


async def test_the_sixty_first_call_of_a_minute_is_too_many(driver: Driver) -> None:
    sender = await _sender(driver)
    codes = [(await sender.send(clientmsgid=f"k{number}"))["errcode"] for number in range(61)]
    await driver.advance(60, step=60)
    assert (codes[:60], codes[60]) == ([0] * 60, 45011)
    assert (await sender.send(clientmsgid="later"))["errcode"] == 0


async def test_articles_go_out_as_a_draft_and_can_be_taken_back(driver: Driver) -> None:
    sender = await _sender(driver)
    cover = (await driver.upload("/oa/cgi-bin/media/upload", await sender.token(), PIXEL))["media_id"]
    article = {"title": "体检权益", "content": "<p>预约体检</p>", "digest": "一年一次", "thumb_media_id": cover}
    draft = (await sender.call(f"{DRAFT}/add", {"articles": [article]}))["media_id"]
    later = {**article, "title": "体检权益（新）"}
    changed = await sender.call(f"{DRAFT}/update", {"media_id": draft, "index": 0, "articles": later})
    beyond = await sender.call(f"{DRAFT}/update", {"media_id": draft, "index": 1, "articles": later})
    kept = await sender.call(f"{DRAFT}/get", {"media_id": draft})
    listed = await sender.call(f"{DRAFT}/batchget", {"offset": 0, "count": 20})
    send = await sender.send(msgtype="mpnews", mpnews={"media_id": draft})
    await driver.advance(31, step=31)
    deleted = await sender.call(f"{MASS}/delete", {"msg_id": send["msg_id"]})
    text = await sender.send()
    await driver.advance(31, step=31)

    assert (changed["errcode"], beyond["errcode"]) == (0, 40035)
    assert kept["news_item"] == [later]
    assert (listed["total_count"], listed["item"][0]["media_id"]) == (1, draft)
    assert [m["kind"] for m in await driver.chat(ACCOUNT, "c00000001")] == ["mpnews", "text"]
    assert deleted["errcode"] == 0
    assert (await sender.call(f"{MASS}/get", {"msg_id": send["msg_id"]}))["msg_status"] == "DELETE"
    assert (await sender.call(f"{MASS}/delete", {"msg_id": text["msg_id"]}))["errcode"] == 40008
    assert (await sender.call(f"{DRAFT}/delete", {"media_id": draft}))["errcode"] == 0
    assert (await sender.send(msgtype="mpnews", mpnews={"media_id": draft}))["errcode"] == 40007


@pytest.mark.parametrize(
    ("article", "code"),
    [
        ({"title": "体检"}, 40035),
        ({"title": "长" * 33, "content": "x"}, 45002),
        ({"title": "体检", "content": "x", "thumb_media_id": "nothing"}, 40007),
    ],
)
async def test_an_article_that_the_platform_would_refuse_is_refused(
    driver: Driver, article: dict[str, str], code: int
) -> None:
    sender = await _sender(driver)
    assert (await sender.call(f"{DRAFT}/add", {"articles": [article]}))["errcode"] == code


async def test_several_pictures_go_out_as_one_message(driver: Driver) -> None:
    sender = await _sender(driver)
    path, token = "/oa/cgi-bin/media/upload", await sender.token()
    pictures = [(await driver.upload(path, token, PIXEL))["media_id"] for _ in range(2)]
    accepted = await sender.send(msgtype="image", images={"media_ids": pictures})
    unknown = await sender.send(msgtype="image", images={"media_ids": [pictures[0], "nothing"]})
    await driver.advance(31, step=31)
    [message] = await driver.chat(ACCOUNT, "c00000001")

    assert (accepted["errcode"], unknown["errcode"]) == (0, 40007)
    assert (message["kind"], message["media_id"], message["media_ids"]) == ("image", pictures[0], pictures)


async def test_a_tag_gets_its_bearers_and_all_get_one_a_day(driver: Driver) -> None:
    sender = await _sender(driver)
    tagged = {"account": ACCOUNT, "name": "车险", "people": ["c00000002", "c00000004"]}
    await driver.post("/sandbox/tags", tagged)
    message = {"msgtype": "text", "text": {"content": "续保提醒"}}

    async def to(target: dict[str, Any], key: str) -> int:
        answer = await sender.call(f"{MASS}/sendall", {"filter": target, "clientmsgid": key, **message})
        return int(answer["errcode"])

    codes = [await to({"tag_id": 100}, "tag"), await to({"tag_id": 7}, "no tag"), await to({"is_to_all": True}, "all")]
    await driver.advance(31, step=31)
    again = await to({"is_to_all": True}, "all again")

    assert ([*codes, again]) == [0, 45159, 0, 45028]
    assert (await sender.shown()).count("c00000002") == 2
    assert (await sender.shown()).count("c00000001") == 1


async def test_a_preview_is_seen_at_once_and_by_one_person(driver: Driver) -> None:
    sender = await _sender(driver)
    preview = {"touser": sender.openids[0], "msgtype": "text", "text": {"content": "样稿"}}
    answers = [await sender.call(f"{MASS}/preview", preview) for _ in range(101)]
    codes = [answer["errcode"] for answer in answers]
    assert (codes[:100], codes[100]) == ([0] * 100, 45009)
    assert len({answer["msg_id"] for answer in answers[:100]}) == 100
    assert [m["text"] for m in await driver.chat(ACCOUNT, "c00000001")] == ["样稿"] * 100
    assert await sender.shown() == []


async def test_what_was_accepted_is_sent_once_across_restarts(sandboxes: Sandboxes) -> None:
    async with sandboxes.run() as driver:
        sender = await _sender(driver)
        first = await sender.send(clientmsgid="once")
    async with sandboxes.run() as driver:
        sender.driver = driver
        await driver.advance(61, step=61)
        assert len(await sender.shown()) == 6
        assert (await sender.send(clientmsgid="once"))["errcode"] == 45065
        for key in ("b", "c", "d"):
            await sender.send(clientmsgid=key)
            await driver.advance(61, step=61)
    async with sandboxes.run() as driver:
        sender.driver = driver
        await driver.advance(400, step=400)
        await sender.send(clientmsgid="fifth")
        await driver.advance(61, step=61)
        assert len(await sender.shown()) == 24
        state = await sender.call(f"{MASS}/get", {"msg_id": first["msg_id"]})
        assert state["msg_status"] == "SEND_SUCCESS"
