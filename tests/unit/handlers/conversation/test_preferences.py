"""Topics and frequency of marketing in chat: seen, chosen by a tap or in words, said to wait without the consent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from content.consent import Consent
from content.loader import load_content
from content.marketing import Limit
from content.messages import MenuReply, Text
from content.tree import Content
from handlers.conversation.preferences import preference_labels
from handlers.conversation.routes import build_routes, commands_of
from handlers.conversation.turn import ConsentChanged, PreferenceChanged, Standing
from storage.preference_rows import ChosenFrequency, Preferences
from tests.unit.handlers.conversation.conftest import Desk
from tests.unit.handlers.conversation.test_notice import standing

WEEKLY = ChosenFrequency(name="weekly", limit=Limit(messages=1, days=7))
ALLOWED = standing(marketing="granted")


class Book:
    """What one customer chose."""

    def __init__(self) -> None:
        self.stands = Preferences()

    async def of(self, customer_id: int) -> Preferences:
        return self.stands


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def desk(content: Content, book: Book) -> Desk:
    desk = Desk(content)
    desk.routes = build_routes(content, preferences=book)
    return desk


def tap(identifier: str) -> Text:
    return Text(content="（点选）", option=identifier)


def chosen(heard: Any) -> list[tuple[str | None, str, Limit | None]]:
    return [(e.topic, e.choice, e.limit) for e in heard.effects if isinstance(e, PreferenceChanged)]


def options(heard: Any) -> list[str]:
    [content] = heard.contents
    assert isinstance(content, MenuReply)
    return [option.id for option in content.options]


async def test_behind_the_consents_stands_a_choice_that_leads_to_them(desk: Desk, content: Content) -> None:
    assert "marketing.show" in options(await desk.hears(Text(content="隐私设置"), standing=ALLOWED))
    without = Desk(content)
    assert "marketing.show" not in options(await without.hears(Text(content="隐私设置"), standing=ALLOWED))


@pytest.mark.parametrize("body", [tap("marketing.show"), Text(content="主题和频率"), Text(content="活动消息设置")])
async def test_the_list_shows_every_topic_and_the_frequency_with_their_switches(
    desk: Desk, book: Book, body: Text
) -> None:
    book.stands = Preferences(refused_topics=frozenset({"products"}), frequency=WEEKLY)
    heard = await desk.hears(body, standing=ALLOWED)
    [shown] = heard.contents
    assert heard.route == "preferences"
    assert isinstance(shown, MenuReply)
    assert shown.head.splitlines()[1:] == [
        "· 健康与保险知识：收",
        "· 权益与活动：收",
        "· 产品与方案：不收",
        "· 续期与理财：收",
        "· 频率：每周最多一次",
    ]
    assert options(heard) == [
        "marketing.topic.knowledge.off",
        "marketing.topic.benefits.off",
        "marketing.topic.products.on",
        "marketing.topic.wealth.off",
        "marketing.frequency.any",
        "marketing.frequency.monthly",
    ]


@pytest.mark.parametrize(
    ("body", "step"),
    [
        (tap("marketing.topic.products.off"), ("products", "refused", None)),
        (Text(content="不收产品介绍。"), ("products", "refused", None)),
        (Text(content="不收产品与方案"), ("products", "refused", None)),
        (Text(content="接收 理财"), ("wealth", "taken", None)),
        (tap("marketing.frequency.monthly"), (None, "monthly", Limit(messages=1, days=30))),
        (Text(content="一个月最多一次！"), (None, "monthly", Limit(messages=1, days=30))),
        (Text(content="频率不限"), (None, "any", None)),
    ],
)
async def test_each_is_chosen_by_a_tap_or_in_words(
    desk: Desk, book: Book, body: Text, step: tuple[str | None, str, Limit | None]
) -> None:
    book.stands = Preferences(refused_topics=frozenset({"wealth"}), frequency=WEEKLY)
    heard = await desk.hears(body, standing=ALLOWED)
    assert heard.route == "preferences"
    assert chosen(heard) == [step]
    assert heard.texts[0].startswith("好的")


@pytest.mark.parametrize(
    "identifier", ["marketing.topic.wealth.off", "marketing.topic.products.on", "marketing.frequency.weekly"]
)
async def test_what_stands_already_is_confirmed_and_written_once(desk: Desk, book: Book, identifier: str) -> None:
    book.stands = Preferences(refused_topics=frozenset({"wealth"}), frequency=WEEKLY)
    heard = await desk.hears(tap(identifier), standing=ALLOWED)
    assert chosen(heard) == []
    assert heard.texts[0].startswith("好的")


async def test_who_never_chose_has_no_limit_and_choosing_none_writes_nothing(desk: Desk) -> None:
    assert chosen(await desk.hears(tap("marketing.frequency.any"), standing=ALLOWED)) == []
    [shown] = (await desk.hears(tap("marketing.show"), standing=ALLOWED)).contents
    assert isinstance(shown, MenuReply)
    assert "· 频率：不限次数" in shown.head


async def test_several_fragments_are_taken_in_their_order(desk: Desk) -> None:
    said = ("不收产品", "不收理财", "接收理财", "每周最多一条")
    heard = await desk.hears(*(Text(content=words) for words in said), standing=ALLOWED)
    assert [step[:2] for step in chosen(heard)] == [
        ("products", "refused"),
        ("wealth", "refused"),
        ("wealth", "taken"),
        (None, "weekly"),
    ]
    evidence = [effect.evidence.body for effect in heard.effects if isinstance(effect, PreferenceChanged)]
    assert evidence == [Text(content=words) for words in said]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (None, "您还没有同意接收活动消息"),
        ("asked", "您还没有同意接收活动消息"),
        ("refused", "您现在不接收活动消息"),
        ("withdrawn", "您现在不接收活动消息"),
    ],
)
async def test_without_the_consent_it_is_said_that_the_choices_wait(desk: Desk, state: str | None, says: str) -> None:
    before = Standing() if state is None else standing(marketing=state)
    for identifier in ("marketing.show", "marketing.topic.products.off", "marketing.frequency.weekly"):
        [content] = (await desk.hears(tap(identifier), standing=before)).contents
        words = content.head if isinstance(content, MenuReply) else content.content  # type: ignore[union-attr]
        assert says in words
    [shown] = (await desk.hears(tap("marketing.show"), standing=ALLOWED)).contents
    assert isinstance(shown, MenuReply)
    assert says not in shown.head


@pytest.mark.parametrize("words", ["退订", "恢复订阅"])
async def test_opting_out_and_back_in_leaves_the_choices_alone(desk: Desk, book: Book, words: str) -> None:
    book.stands = Preferences(refused_topics=frozenset({"wealth"}), frequency=WEEKLY)
    heard = await desk.hears(Text(content=words), standing=standing(marketing="asked"))
    assert [effect.consent for effect in heard.effects if isinstance(effect, ConsentChanged)] == [Consent.MARKETING]
    assert chosen(heard) == []


async def test_an_unknown_topic_and_staff_choose_nothing(desk: Desk) -> None:
    unknown = await desk.hears(tap("marketing.topic.telepathy.off"))
    assert (unknown.route, unknown.effects) == ("menu.option", ())
    assert (await desk.hears(Text(content="主题和频率"), channel="wecom")).route != "preferences"


async def test_a_limit_that_the_content_has_no_more_is_told_in_figures(desk: Desk, book: Book) -> None:
    book.stands = Preferences(frequency=ChosenFrequency(name="weekly", limit=Limit(messages=2, days=14)))
    heard = await desk.hears(tap("marketing.show"), standing=ALLOWED)
    [shown] = heard.contents
    assert isinstance(shown, MenuReply)
    assert "· 频率：14天最多2条" in shown.head
    assert "marketing.frequency.weekly" in options(heard), "what it means by now can be chosen"


def test_its_words_are_turns_of_their_own_and_its_labels_can_be_typed(content: Content) -> None:
    commands = commands_of(content)
    for words in ("不收产品", "主题和频率", "每周最多一条", "不收产品与方案"):
        assert commands.is_one(Text(content=words))
    assert {"主题和频率", "不收产品与方案", "接收权益与活动", "每周最多一次"} <= preference_labels(content)


async def test_the_elderly_get_each_topic_by_its_name(desk: Desk, book: Book) -> None:
    book.stands = Preferences(refused_topics=frozenset({"products"}), frequency=WEEKLY)
    elder = Standing(consents=ALLOWED.consents, elder=True)
    consent = await desk.hears(tap("consent.marketing.show"), standing=elder)
    assert options(consent) == ["consent.marketing.off", "marketing.show"]
    shown = await desk.hears(tap("marketing.show"), standing=elder)
    assert shown.outcome.replies[0].short == "您收3类，每周最多一次。点一项改。"
    assert options(shown) == [
        *(f"marketing.topic.{name}.show" for name in ("knowledge", "benefits", "products", "wealth")),
        "marketing.often",
    ]
    one = await desk.hears(tap("marketing.topic.products.show"), standing=elder)
    assert options(one) == ["marketing.topic.products.on"]
    often = await desk.hears(tap("marketing.often"), standing=elder)
    assert options(often) == ["marketing.frequency.any", "marketing.frequency.monthly"]


def test_an_insurers_own_topics_take_the_place_of_the_built_in_ones(
    desk_with: Callable[..., Desk], content: Content
) -> None:
    text = (
        "topics: [{id: news, title: 公司新闻}]\n"
        "frequencies: [{id: any, title: 不限}, {id: rare, title: 一年两次, messages: 2, days: 365}]\n"
        "show: [主题]\n"
        "texts:\n" + "".join(f"  {name}: {words!r}\n" for name, words in content.marketing.texts)
    )
    own = desk_with(marketing=text)
    assert [topic.id for topic in own.content.marketing.topics] == ["news"]
    assert own.content.version != load_content(None).version
