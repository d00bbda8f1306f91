"""A customer's first chat: the notice behind the answer, choices, taking them back, and why a message came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from content.loader import BUILT_IN
from tests.scenario.places import PASSIVE_ONLY, SERVICE, Place
from tests.scenario.town import Town

_CONSENTS = (
    "SELECT c.consent, c.state, c.text_version FROM consent_entry c JOIN identity i ON i.customer_id = c.customer_id "
    "WHERE i.external_id = :person ORDER BY c.id"
)
_TOGETHER = ("profile", "marketing", "personalisation", "archive")


def consents(town: Town, place: Place, person: str) -> list[tuple[str, str]]:
    return [(consent, state) for consent, state, _ in town.rows(_CONSENTS, person=place.openid(person))]


def notices(town: Town, place: Place, person: str) -> list[str]:
    return [words for words in town.seen(place, person) if "【告知】" in words]


@pytest.fixture(scope="module")
def asking(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    with Town(home, new_town_database(), places=(SERVICE, PASSIVE_ONLY), consent={"ask": True}) as town:
        yield town


def test_a_customer_is_asked_once_chooses_and_takes_it_back(asking: Town) -> None:
    town = asking
    asked = [(consent, "asked") for consent in _TOGETHER]

    # Welcomed first; the notice comes as a message of its own.
    welcome = town.act(SERVICE, "mei", "follow")
    assert "欢迎关注" in welcome["shown"][0]["text"]
    town.settled(SERVICE, "mei")
    assert len(notices(town, SERVICE, "mei")) == 1
    assert consents(town, SERVICE, "mei") == asked

    # Whatever is answered, or not, the next question is simply answered.
    answer = town.says(SERVICE, "mei", "犹豫期是什么意思？")
    assert "犹豫期（也叫冷静期）" in answer["shown"][0]["text"]
    town.says(SERVICE, "mei", "保单怎么查？")
    assert len(notices(town, SERVICE, "mei")) == 1

    # A tap on the old message still counts; the sensitive one is asked by itself.
    chosen = town.says(SERVICE, "mei", "以上四项都同意", option="consent.all")
    assert "单独同意" in chosen["shown"][0]["text"]
    assert consents(town, SERVICE, "mei")[4:] == [*((c, "granted") for c in _TOGETHER), ("sensitive", "asked")]
    assert "已按您的选择记下" in town.says(SERVICE, "mei", "2")["shown"][0]["text"]
    assert consents(town, SERVICE, "mei")[-1] == ("sensitive", "refused")

    # Taken back as easily as given, and shown.
    assert "已关闭" in town.says(SERVICE, "mei", "关闭个性化")["shown"][0]["text"]
    assert "已为您关闭" in town.says(SERVICE, "mei", "退订")["shown"][0]["text"]
    shown = town.says(SERVICE, "mei", "隐私设置")["shown"][0]["text"]
    assert "· 个性化推荐：已撤回" in shown
    assert "· 活动消息：已撤回" in shown
    assert "· 服务档案：已同意" in shown


def test_why_a_message_came_is_read_from_the_log(asking: Town) -> None:
    asking.follow(PASSIVE_ONLY, "ning")
    assert "还没有给您发过消息" in asking.says(PASSIVE_ONLY, "ning", "为什么收到")["shown"][0]["text"]
    asking.says(PASSIVE_ONLY, "ning", "犹豫期是什么意思？")
    why = asking.says(PASSIVE_ONLY, "ning", "为什么收到？")["shown"][0]["text"]
    assert "是对您「犹豫期是什么意思？」的答复，属于服务消息" in why


def test_where_nothing_can_follow_the_notice_stands_behind_the_answer_in_one_message(asking: Town) -> None:
    shown = asking.act(PASSIVE_ONLY, "wen", "follow")["shown"]
    assert len(shown) == 1
    assert "欢迎关注" in shown[0]["text"]
    assert "【告知】" in shown[0]["text"]
    assert asking.says(PASSIVE_ONLY, "wen", "3")["shown"][0]["text"].startswith("好的，这几项我们都不会做")
    assert consents(asking, PASSIVE_ONLY, "wen")[4:] == [(consent, "refused") for consent in _TOGETHER]


def test_two_messages_at_once_ask_once_and_new_words_ask_again_after_a_restart(asking: Town) -> None:
    town = asking
    town.follow(SERVICE, "jin")
    act = {"account": SERVICE.name, "person": "jin", "act": "text"}
    town.acts([{**act, "text": "网点"}, {**act, "text": "保单怎么查"}], wait=True)
    town.settled(SERVICE, "jin")
    assert len(notices(town, SERVICE, "jin")) == 1
    town.says(SERVICE, "jin", "都不同意", option="consent.none")
    town.says(SERVICE, "jin", "开启个性化")

    changed = town.home / "content" / "notice.yaml"
    changed.parent.mkdir(exist_ok=True)
    assert consents(town, SERVICE, "jin")[-1] == ("personalisation", "granted")
    words = (BUILT_IN / "notice.yaml").read_text("utf-8")
    changed.write_text(
        words.replace('version: "2026.1"\n    title: 个性化推荐', 'version: "2026.2"\n    title: 个性化推荐')
    )
    town.restart_bot()
    town.listen_directly()
    town.says(SERVICE, "jin", "网点")
    town.settled(SERVICE, "jin", count=2)
    assert len(notices(town, SERVICE, "jin")) == 2
    rows = town.rows(_CONSENTS, person=SERVICE.openid("jin"))
    assert rows[-1] == ("personalisation", "asked", "notice-2026.2")
    assert [row[0] for row in rows[5:] if row[1] == "asked"] == ["personalisation"]
