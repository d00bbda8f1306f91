"""A customer chooses which marketing they take and how often; what is sent to them keeps to it, over real HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from content.messages import Purpose
from storage.accounts import Accounts
from storage.database import open_database
from storage.mailbox import Mailbox
from storage.records import ReplyDraft
from tests.scenario.conftest import OpenTown
from tests.scenario.places import SERVICE, Place
from tests.scenario.town import Town

_DAY: Final = 86_400
_CHOICES: Final = (
    "SELECT e.topic, e.choice, e.messages, e.days, a.name, c.fields FROM marketing_choice_entry e "
    "JOIN identity i ON i.customer_id = e.customer_id JOIN account a ON a.id = e.account_id "
    "JOIN content c ON c.account_id = e.account_id AND c.seq = e.seq WHERE i.external_id = :person ORDER BY e.id"
)


def post(town: Town, place: Place, person: str, words: str, *, topic: str | None) -> None:
    """Put a message of marketing into the outbox, as a campaign would."""

    async def write() -> None:
        database = open_database(town.database_url, home=town.home)
        try:
            rows = await Accounts(database).bring_in([(place.name, place.channel, place.realm, place.title)])
            await Mailbox(database).post(
                rows[place.name],
                place.openid(person),
                ReplyDraft(
                    kind="text",
                    fields={"content": words},
                    purpose=Purpose.MARKETING,
                    topic=topic,
                    content_version="v1",
                ),
                key=f"campaign:{words}",
                now=datetime.fromtimestamp(town.now(), UTC),
            )
        finally:
            await database.close()

    asyncio.run(write())


def shown(town: Town, person: str, words: str, **fields: Any) -> str:
    """Return what the customer is shown."""
    [message] = town.says(SERVICE, person, words, **fields)["shown"]
    return str(message["text"])


def test_what_is_sent_keeps_to_the_topics_and_the_frequency_that_a_customer_chose(open_town: OpenTown) -> None:
    town: Town = open_town(places=(SERVICE,))
    town.follow(SERVICE, "mei")
    assert "恢复" in shown(town, "mei", "恢复订阅")

    # Behind 隐私设置 stand topics and frequency; a tap or the words choose.
    assert "marketing.show" in shown(town, "mei", "隐私设置")
    listed = shown(town, "mei", "主题和频率", option="marketing.show")
    assert "· 产品与方案：收" in listed
    assert "· 频率：不限次数" in listed
    assert "「产品与方案」的活动消息不再发给您" in shown(
        town, "mei", "不收产品与方案", option="marketing.topic.products.off"
    )
    assert "每周最多一次" in shown(town, "mei", "每周最多一条")
    listed = shown(town, "mei", "主题和频率")
    assert "· 产品与方案：不收" in listed
    assert "· 频率：每周最多一次" in listed
    assert [row[:5] for row in town.rows(_CHOICES, person=SERVICE.openid("mei"))] == [
        ("products", "refused", None, None, SERVICE.name),
        (None, "weekly", 1, 7, SERVICE.name),
    ]
    assert "每周最多一条" in town.rows(_CHOICES, person=SERVICE.openid("mei"))[1][5]

    # The topic is refused with its reason, another goes, and within the week no more.
    for words, topic in (("新品", "products"), ("体检", "benefits"), ("讲座", None)):
        post(town, SERVICE, "mei", words, topic=topic)
    assert [row[:2] for row in town.settled(SERVICE, "mei", 3)] == [
        ("refused", "topic_refused"),
        ("sent", None),
        ("refused", "frequency_chosen"),
    ]
    assert "体检" in town.seen(SERVICE, "mei")

    # Service goes on; opting out and back in keeps the choices; a day short of the week is too early, the week is not.
    assert town.says(SERVICE, "mei", "退订")["shown"]
    resting = shown(town, "mei", "主题和频率")
    assert "您现在不接收活动消息" in resting
    assert "· 产品与方案：不收" in resting
    assert "恢复" in shown(town, "mei", "恢复订阅")
    for days, outcome in ((6, ("refused", "frequency_chosen")), (1, ("sent", None))):
        town.advance(days * _DAY, step=_DAY / 4)
        town.says(SERVICE, "mei", "在吗")
        before = len(town.deliveries(SERVICE, "mei"))
        post(town, SERVICE, "mei", f"{days}天后", topic="benefits")
        assert town.settled(SERVICE, "mei", before + 1)[-1][:2] == outcome
    assert [words for words in town.seen(SERVICE, "mei") if words in ("新品", "体检", "讲座", "6天后", "1天后")] == [
        "体检",
        "1天后",
    ]

    # Who has the mode for the elderly chooses by names.
    town.says(SERVICE, "mei", "长辈模式")
    assert "您收3类" in shown(town, "mei", "主题和频率")
    assert "marketing.frequency.monthly" in shown(town, "mei", "频率", option="marketing.often")
