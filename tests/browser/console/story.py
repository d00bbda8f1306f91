"""What a customer and the bot said to each other over a week: every kind of message that a timeline shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from content.callback import Value
from content.loader import load_content
from content.marketing import Limit
from content.messages import (
    Event,
    Follow,
    Image,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuScan,
    MenuView,
    Text,
    Unfollow,
    Voice,
)
from storage.callbacks import Answered, Callbacks, Place, Subject
from storage.preference_rows import PreferenceDraft
from storage.records import AttributionDraft, ConsentDraft, Recorded, ReplyDraft
from tests.browser.console.desk import Desk
from tests.fakes.clock import ManualClock
from tests.fakes.visitors import FIVE_IN_TWO_DAYS, lease_of, turn

PERSON: Final = "oXk2a5bQ7mVnE0pLwTz9rYs3uHdc"
CALLBACK: Final = load_content(None).callback
SCENE: Final = "campaign:spring2026:agent:zhang"
_HOUR: Final = 3600
_MENU: Final[dict[str, Any]] = {
    "head": "您想了解哪一项？",
    "options": [{"id": "1", "label": "理赔进度"}, {"id": "2", "label": "续期缴费"}, {"id": "3", "label": "保单变更"}],
    "tail": "直接点选即可。",
}
_NEWS: Final[dict[str, Any]] = {
    "articles": [
        {"title": "住院理赔需要哪些材料", "url": "https://example.com/claim", "description": "一张清单，一次备齐"}
    ]
}
#: By the hour what came and what was answered.
_TALK: Final[tuple[tuple[float, InboundBody, tuple[tuple[str, dict[str, Any], str], ...]], ...]] = (
    (0, Follow(scene=SCENE), (("text", {"content": "您好，欢迎关注安心保险。想办什么，直接告诉我。"}, "service"),)),
    (0.1, Text(content="你好"), (("menu", _MENU, "service"),)),
    (
        0.1,
        Text(content="理赔进度", option="1"),
        (("text", {"content": "请提供报案号，或先登录官网查询。"}, "service"),),
    ),
    (
        20,
        Voice(media_id="v1", recognition="怎么交续期保费"),
        (("text", {"content": "续期保费可以自动扣款，\n也可以在官网缴纳。"}, "service"),),
    ),
    (26, Image(media_id="p1"), (("text", {"content": "图片收到了。我还看不懂图片里的内容。"}, "service"),)),
    (0.2, Location(latitude=31.230416, longitude=121.473701, label="上海市黄浦区人民大道200号"), ()),
    (
        24,
        Link(title="网上看到的理赔攻略", url="https://example.com/a", description="三步拿到赔款"),
        (("news", _NEWS, "service"),),
    ),
    (0.1, MenuClick(key="policy"), ()),
    (0.1, MenuView(url="https://example.com/home"), ()),
    (0.1, MenuScan(key="scan", result="https://example.com/p/1"), ()),
    (0.1, Event(kind="location_select", fields={"EventKey": "BRANCH"}), ()),
    (
        30,
        Text(content="住院能报销多少？\n我上个月在华山医院住了五天。"),
        (("text", {"content": "这取决于您的保单条款，我请同事帮您核对。"}, "service"),),
    ),
    (3, Voice(media_id="v2"), (("text", {"content": "抱歉，这段语音我没能听清。"}, "service"),)),
    (20, Text(content="好的，谢谢"), (("text", {"content": "春季体检礼包上线了，点菜单领取。"}, "marketing"),)),
)


async def tell(desk: Desk, clock: ManualClock, *, small_talk: int = 24) -> int:
    """Let it all happen to a customer of zhang's; return the customer's id. `small_talk`: more words before."""
    visitors = desk.visitors()
    said = await visitors.do(PERSON, _TALK[0][1], followed=True)
    customer = said.person.customer_id
    await _answer(desk, said, clock, _TALK[0][2])
    for number in range(small_talk):
        await clock.advance(_HOUR)
        said = await visitors.say(PERSON, f"问题{number + 1}：保单还有效吗？")
        await _answer(desk, said, clock, (("text", {"content": "有效。还有什么可以帮您？"}, "service"),))
    for hours, body, replies in _TALK[1:]:
        await clock.advance(hours * _HOUR)
        grant = FIVE_IN_TWO_DAYS if isinstance(body, Text | Voice | Image | Location | Link) else None
        said = await visitors.do(PERSON, body, grant=grant)
        await _answer(desk, said, clock, replies)
    await _call_back(desk, said, clock)
    desk.firm.customers[PERSON] = customer
    await desk.firm.give(PERSON, "zhang")
    await visitors.do("gone", Follow(scene="poster-17"), followed=True)
    left = await visitors.do("gone", Unfollow(), followed=False)
    desk.firm.customers["gone"] = left.person.customer_id
    await desk.firm.give("gone", "zhang")
    await clock.advance(600)
    return customer


async def _call_back(desk: Desk, said: Recorded, clock: ManualClock) -> None:
    """Let the customer answer the call-back: one round that is done, and another that is under way."""
    callbacks, authored = Callbacks(desk.stores.database), CALLBACK
    place = Place(account=desk.account.name, identity_id=said.person.identity_id)
    seqs = iter(range(said.seq - 2 * len(authored.questions), said.seq))
    for policy, answers in (("P20260001", len(authored.questions)), ("P20260002", 2)):
        subject = Subject(
            holder="H1", policy=policy, product="安心年金险", due=date(2026, 5, 20), edition=authored.edition
        )
        begun = await callbacks.begin(place, subject, now=clock.now())
        for number, question in enumerate(authored.questions[:answers]):
            said_value = Value.UNCLEAR if number == 2 else Value.YES
            answer = Answered(
                question=question.id,
                text=question.text,
                label=question.answers.of(said_value).label,
                value=said_value.value,
                is_doubt=said_value in question.doubt,
                seq=next(seqs),
                total=len(authored.questions),
            )
            await callbacks.take(begun.id, place, answer, doubt=None, now=clock.now())


async def _answer(
    desk: Desk, said: Recorded, clock: ManualClock, replies: tuple[tuple[str, dict[str, Any], str], ...]
) -> None:
    drafts = tuple(
        ReplyDraft(kind=kind, fields=fields, purpose=purpose, content_version="v1") for kind, fields, purpose in replies
    )
    handled = turn(lease_of(said), [said.seq], now=clock.now())
    handled = replace(
        handled,
        replies=drafts,
        consents=(ConsentDraft(consent="marketing", state="granted", text_version="v1", seq=said.seq),),
        preferences=(
            PreferenceDraft(topic="products", choice="refused", text_version="v1", seq=said.seq),
            PreferenceDraft(
                topic=None, choice="weekly", limit=Limit(messages=1, days=7), text_version="v1", seq=said.seq
            ),
        ),
        attributions=(AttributionDraft(scene=SCENE, campaign="spring2026", agent="zhang"),),
    )
    await desk.stores.handling.finish(handled)
