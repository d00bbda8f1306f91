"""The mode for the elderly over real HTTP: asked for in words, every message short and a person first, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from content.elder import MOST, characters
from content.loader import load_content
from tests.scenario.conftest import OpenTown
from tests.scenario.handover import Counter
from tests.scenario.places import ASSISTANT, PASSIVE_ONLY, SERVICE, Place
from tests.scenario.test_my_policies import CLAIM, SECTION, bring, codes
from tests.scenario.town import Town

CONTENT: Final = load_content(None)
_LINK: Final = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^&]*)&msgmenuid=([^"]*)">([^<]*)</a>')
Option = tuple[str, str]


def options(message: dict[str, Any]) -> list[Option]:
    """Return (id, label) of the choices of a message, whichever form it has."""
    if message["kind"] == "menu":
        return [(option["id"], option["label"]) for option in message["options"]]
    return [(found[2], found[3]) for found in _LINK.finditer(message["text"])]


def words(message: dict[str, Any]) -> str:
    """Return what stands above the choices."""
    return str(message["head"]) if message["kind"] == "menu" else _LINK.sub("", message["text"]).strip()


def is_short(message: dict[str, Any]) -> bool:
    """Tell whether a message is for the elderly."""
    choices = options(message)
    read = characters(words(message), *(label for _, label in choices))
    return read <= MOST and choices[:1] == [("person", "人工")]


class Elder:
    """Somebody who has the mode, taps whatever can be tapped, and reads everything to its end."""

    def __init__(self, town: Town, place: Place, person: str) -> None:
        self.town = town
        self.place = place
        self.person = person
        self.tapped: set[str] = set()

    def says(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        return self.does("text", text=text, **fields)

    def does(self, act: str, **fields: Any) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = self.town.act(self.place, self.person, act, **fields)["shown"]
        return shown

    def reads(self, message: dict[str, Any]) -> str:
        """Return the words of a message and of everything behind 更多."""
        pieces = []
        while more := [option for option in options(message) if option[1] == "更多"]:
            [message] = self.says("更多", option=more[0][0])
            pieces.append(words(message))
        return "".join(pieces)

    def tries(self, message: dict[str, Any]) -> None:
        """Tap every choice that was never tapped, and whatever comes of it."""
        for identifier, label in options(message):
            if identifier in self.tapped or identifier == "elder.off":
                continue
            self.tapped.add(identifier)
            for answer in self.says(label, option=identifier):
                self.tries(answer)


@pytest.fixture(scope="module")
def village(
    kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    console = {"public_url": "https://bot.example"}
    places = (SERVICE, PASSIVE_ONLY)
    with Town(
        home, new_town_database(), places=places, consent={"ask": True}, policies=SECTION, console=console
    ) as town:
        bring(town, hours=1)
        yield town


def everything(elder: Elder) -> Iterator[list[dict[str, Any]]]:
    """Say and do everything there is an answer to; yield what comes back."""
    for rule in CONTENT.answers.rules:
        yield elder.says((*rule.questions, *rule.match.exact, *rule.match.any)[0])
    for key in (*CONTENT.menu.replies, "gone"):
        yield elder.does("click", key=key)
    for scene in ("", "agent:ZhangWei", "campaign:spring", "hall"):
        yield elder.does("scan", scene=scene or "other")
    yield elder.does("unfollow")
    yield elder.does("follow", scene="hall")
    yield elder.does("voice")
    yield elder.does("voice", recognition="怎么交续期保费")
    yield elder.does("image")
    yield elder.does("video")
    yield elder.does("location", latitude=31.2, longitude=121.5, scale=16, label="上海")
    yield elder.does("link", title="链接", description="看看", url="https://example.com/a")
    asks = CONTENT.policies.asks
    for phrase in (asks.bind[0], asks.policies[0], "林晓燕 P20260001 999999", CLAIM, asks.renewals[0], "000000"):
        yield elder.says(phrase)
    yield elder.says(asks.policies[0])
    yield elder.says(codes(elder.town)[-1])
    for phrase in (asks.policies[0], asks.progress[0], asks.unbind[0], asks.unbind[0]):
        yield elder.says(phrase)
    privacy = CONTENT.retention.phrases
    for phrase in (privacy.export[0], privacy.correct[0], privacy.confirm[0], privacy.erase[0]):
        yield elder.says(phrase)
    for phrase in ("隐私设置", "关闭个性化", "开启个性化", "退订", "退订", "恢复订阅", "恢复订阅", "退订 怎么退保"):
        yield elder.says(phrase)
    for phrase in ("为什么收到", "长辈模式", "长辈模式是什么", "更多", "今天股市怎么样", "？"):
        yield elder.says(phrase)


@pytest.mark.parametrize("place", [SERVICE, PASSIVE_ONLY], ids=lambda place: place.name)
def test_whatever_is_said_every_message_is_short_and_a_person_first(village: Town, place: Place) -> None:
    elder = Elder(village, place, "nai")
    village.follow(place, "nai")
    [on] = elder.says("请帮我打开长辈模式")
    assert words(on).startswith("长辈模式已打开")
    answered = 0
    for shown in everything(elder):
        for message in shown:
            answered += 1
            elder.tries(message)
    village.settled(place, "nai", count=1) if place is SERVICE else None
    said = [message for message in village.chat(place, "nai") if message["from"] == "account"]
    assert [message["text"] for message in said if not is_short(message)] == []
    assert answered > 60
    assert len(elder.tapped) > 30
    asked = [message for message in said if "consent.all" in dict(options(message))]
    assert bool(asked) is (place is SERVICE), "the notice is asked where it has a message of its own"


def test_nothing_is_lost_behind_more_and_the_standard_mode_comes_back_whole(village: Town) -> None:
    elder = Elder(village, SERVICE, "ye")
    village.follow(SERVICE, "ye")
    [whole] = elder.says("怎么退保")
    assert options(whole) == []
    elder.says("长辈模式")
    [core] = elder.says("怎么退保")
    assert words(core) == "退保可能有损失，保障也没了。先打95500问清能退多少。"
    assert elder.reads(core).replace("\n", "") == words(whole).replace("\n", "")
    assert words(elder.says("更多")[0]) == "前面的话已经说完了。您还想问什么？"
    [asked] = elder.says("删除我的数据")
    assert "「确认删除」" in elder.reads(asked)
    [off] = elder.says("退出长辈模式")
    assert words(off).startswith("已回到标准模式")
    assert elder.says("怎么退保")[0]["text"] == whole["text"]


def test_the_rest_is_there_after_a_night_and_the_notice_behind_the_list(village: Town) -> None:
    elder = Elder(village, SERVICE, "shi")
    village.follow(SERVICE, "shi")
    elder.says("长辈模式")
    [core] = elder.says("怎么退保")
    village.advance(8 * 3600, step=600)
    assert len(elder.reads(core).replace("\n", "")) > 60, "a tap brings the rest, however old the message"
    [listed] = elder.says("隐私设置")
    assert "【告知】" in elder.reads(listed), "where nothing could follow an answer, the notice is read here"
    both = elder.says("退订")
    assert "已关闭" in words(both[0])


def test_the_mode_is_offered_and_never_turned_on_by_itself(village: Town) -> None:
    elder = Elder(village, SERVICE, "gong")
    village.follow(SERVICE, "gong")
    [offered] = elder.says("我年纪大了看不清")
    assert ("elder.on", "打开长辈模式") in options(offered)
    assert not is_short(elder.says("怎么退保")[0])
    assert ("elder.on", "打开长辈模式") in options(elder.says("隐私设置")[0])
    assert is_short(elder.says("打开长辈模式", option="elder.on")[0])
    [listed] = elder.says("隐私设置")
    assert ("elder.off", "退出长辈模式") in options(listed)
    [one] = elder.says("敏感信息", option="consent.sensitive.show")
    assert "泄露可能影响您的权益" in elder.reads(one), "the law's text stands whole behind the core"


def test_staff_see_it_and_what_the_line_says_is_short(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, ASSISTANT])
    counter = Counter(town)
    town.follow(SERVICE, "nai")
    counter.customer_says("nai", "长辈模式")
    assert "现在没人上班，请留言" in counter.customer_says("nai", "1")[0], "the first choice is a person"
    counter.customer_says("nai", "我的保险卡找不到了")
    counter.until_open()
    counter.staff_says("ZhangWei", "上班")
    counter.goes(lambda: counter.offers("ZhangWei"), "the offer")
    card = counter.cards("ZhangWei")[-1]
    [number] = counter.offers("ZhangWei")
    assert card["main_title"]["title"] == f"客户·长辈模式 #{number} 找人工"
    counter.tap("ZhangWei", card, "接待")
    counter.is_told("ZhangWei", "客户用的是长辈模式：请用短句")
    counter.customer_says("nai", "更多")
    counter.is_told("ZhangWei", f"【客户·长辈模式 #{number}】\n更多")
    reply = "您好，奶奶。" + "电子保单也能用，不用补卡。" * 6
    counter.staff_says("ZhangWei", f"#{number} {reply}")
    counter.waits_for("nai", reply)
    counter.staff_says("ZhangWei", f"结束 {number}")
    counter.goes(lambda: "这次服务您满意吗？" in "".join(town.seen(SERVICE, "nai")[-1:]), "the closing question")
    said = [message for message in town.chat(SERVICE, "nai") if message["from"] == "account"]
    assert [message["text"] for message in said if not is_short(message)] == [reply]
    assert [label for _, label in options(said[-1])] == ["人工", "满意", "一般", "不满意"]
    assert counter.customer_says("nai", "2")[0].startswith("谢谢您的评价")
    assert town.rows("SELECT satisfaction FROM handover") == [(5,)]
