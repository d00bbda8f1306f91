"""Staff look for customers and read what was said with them; whatever a customer types stays text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from content.messages import Event, Follow, Link, Location, Text, Voice
from storage.callbacks import Answered, Callbacks, Place, Subject
from storage.records import AttributionDraft
from tests.browser.console.desk import Clerk, Desk, open_desk
from tests.browser.console.story import tell
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import lease_of, turn

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</p></div><iframe src=//evil.example></iframe>",
    "{{ 7 * 7 }}{% include 'base.html' %}${7*7}",
    "javascript:alert(document.cookie)",
    "{csrf}{0.__class__}%s",
)


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack)


async def test_pages_of_the_list_show_every_customer_once_the_newest_first(desk: Desk) -> None:
    visitors = desk.visitors()
    people = [f"p{number}" for number in range(65)]
    for person in people:
        await visitors.say(person, "在吗", handle=False)
    clerk = await desk.clerk("wu")
    seen, address, pages = [], "/console/customers", 0
    while address:
        page = await clerk.get(address)
        seen += re.findall(r'<small class="code">(p\d+)</small>', page.text)
        found = re.search(r'href="([^"]+)" rel="next"', page.text)
        address, pages = unescape(found[1]) if found else "", pages + 1

    assert seen == people[::-1]
    assert pages == 3


async def test_a_customer_is_found_by_the_id_on_any_account(desk: Desk, clock: ManualClock) -> None:
    customer = await tell(desk, clock, small_talk=0)
    clerk = await desk.clerk("zhang")
    page = (await clerk.get("/console/customers?person=%20oXk2a5bQ7mVnE0pLwTz9rYs3uHdc%20")).text

    assert re.findall(r'href="/console/customers/(\d+)"', page) == [str(customer)]
    assert "活动 spring2026 · 员工 zhang" in page
    assert "安心保险服务号" in page


async def test_what_a_customer_chose_about_marketing_stands_beside_the_consents_and_nobody_can_change_it(
    desk: Desk, clock: ManualClock
) -> None:
    customer = await tell(desk, clock, small_talk=0)
    page = (await (await desk.clerk("zhang")).get(f"/console/customers/{customer}")).text
    section = page.partition("<h3>活动消息的选择</h3>")[2].partition("</ul>")[0]

    shown = re.findall(r'<li><span>([^<]+)</span><span class="tag [^"]+">([^<]+)</span></li>', section)
    assert shown == [("产品与方案", "不收"), ("频率", "每周最多一次")]
    assert not re.search(r"<(form|input|button|a) ", section)


async def test_the_timeline_pages_back_to_the_beginning_and_shows_every_message_once(
    desk: Desk, clock: ManualClock
) -> None:
    customer = await tell(desk, clock, small_talk=40)
    clerk = await desk.clerk("zhang")
    said = (
        await desk.stores.one(
            "SELECT count(*) AS n FROM message m JOIN identity i ON i.id = m.identity_id "
            "WHERE i.customer_id = :customer",
            customer=customer,
        )
    )["n"]
    text, sayings, steps = (await clerk.get(f"/console/customers/{customer}")).text, 0, 0
    while True:
        sayings += text.count('class="saying saying-')
        found = re.search(r'hx-get="([^"]+)"', text)
        if found is None:
            break
        text, steps = (await clerk.get(unescape(found[1]), HX_Request="true")).text, steps + 1
        assert "<html" not in text, "a part of a page, not a page within the page"

    assert (sayings, steps) == (said, 3)
    assert "对话从这里开始" in text


async def test_without_script_the_button_is_a_link_to_the_same_messages(desk: Desk, clock: ManualClock) -> None:
    customer = await tell(desk, clock)
    clerk = await desk.clerk("zhang")
    first = (await clerk.get(f"/console/customers/{customer}")).text
    found = re.search(r'href="([^"]+)" hx-get="([^"]+)"', first)
    assert found is not None
    page, part = (await clerk.get(unescape(found[1]))).text, (await clerk.get(unescape(found[2]))).text

    words = re.findall(r'class="saying-text">([^<]+)<', part)
    assert words
    assert re.findall(r'class="saying-text">([^<]+)<', page) == words


async def test_every_kind_of_message_is_readable(desk: Desk, clock: ManualClock) -> None:
    customer = await tell(desk, clock, small_talk=0)
    text = (await (await desk.clerk("zhang")).get(f"/console/customers/{customer}")).text

    wanted = (
        "关注",
        "二维码场景 campaign:spring2026:agent:zhang",
        "点选",
        "理赔进度",
        "语音",
        "怎么交续期保费",
        "没有转写文字",
        "图片",
        "上海市黄浦区人民大道200号",
        "31.230416, 121.473701",
        "网上看到的理赔攻略",
        "图文",
        "住院理赔需要哪些材料",
        "您想了解哪一项？",
        "· 续期缴费",
        "点击菜单",
        "打开菜单页面",
        "用菜单扫码",
        "用菜单发送位置",
        "营销",
    )
    assert [words for words in wanted if words not in text] == []
    assert "昨天 22:18" in text, "the wall clock of Shanghai"


async def test_what_was_destroyed_is_said_to_be_gone(desk: Desk) -> None:
    await desk.stores.change("DELETE FROM content")
    text = (await (await desk.clerk("zhang")).get(f"/console/customers/{desk.firm.customers['z1']}")).text

    assert "内容已删除" in text
    assert "我是z1" not in text


class _Suspicious(HTMLParser):
    """Finds what would run or load: as a browser reads the page, not as it was meant."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, text in attrs:
            is_elsewhere = name in ("src", "href", "action") and not (text or "").startswith(("/console", "#"))
            if is_elsewhere or name.startswith("on") or name in ("style", "srcdoc", "formaction"):
                self.found.append(f"{tag} {name}={text}")
        if tag in ("iframe", "object", "embed", "base", "style") or (tag == "script" and "src" not in dict(attrs)):
            self.found.append(tag)


def test_the_search_for_what_would_run_finds_it() -> None:
    suspicious = _Suspicious()
    suspicious.feed("".join(HOSTILE) + "<input value='" + HOSTILE[2] + "'><a href=javascript:x>")
    assert suspicious.found == [
        "script",
        "img src=x",
        "img onerror=alert(1)",
        "iframe src=//evil.example",
        "iframe",
        "input onfocus=alert(1)",
        "a href=javascript:x",
    ]


async def _shown(clerk: Clerk, address: str) -> str:
    answer = await clerk.get(address)
    assert answer.status == 200
    suspicious = _Suspicious()
    suspicious.feed(answer.text)
    assert suspicious.found == []
    return answer.text


async def test_whatever_a_customer_sends_stays_text(desk: Desk, clock: ManualClock) -> None:
    visitors, person, words = desk.visitors(), '"><script>x</script>', HOSTILE
    first = await visitors.do(person, Follow(scene=HOSTILE[0]), followed=True)
    draft = AttributionDraft(scene=HOSTILE[0], campaign=HOSTILE[1], agent=HOSTILE[2])
    await desk.stores.handling.finish(
        turn(lease_of(first), [first.seq], *words[:1], now=clock.now(), attributions=(draft,))
    )
    for payload in words:
        for body in (
            Text(content=payload, option=payload),
            Voice(media_id=payload, recognition=payload),
            Location(latitude=1, longitude=2, label=payload),
            Link(title=payload, url=payload, description=payload),
            Event(kind=payload, fields={payload: payload}),
        ):
            await visitors.do(person, body)
    customer = first.person.customer_id
    desk.firm.customers[person] = customer
    await desk.firm.give(person, "zhang")
    clerk = await desk.clerk("zhang")
    pages = [await _shown(clerk, "/console/customers"), await _shown(clerk, f"/console/customers/{customer}")]
    while found := re.search(r'hx-get="([^"]+)"', pages[-1]):
        pages.append(await _shown(clerk, unescape(found[1])))

    texts = unescape("".join(pages))
    assert [payload for payload in words if payload not in texts] == [], "shown, letter by letter"
    assert "49" not in re.sub(r"<[^>]+>", "", "".join(pages))


async def test_a_call_back_is_shown_with_question_answer_and_version_to_who_may_see_policies(
    desk: Desk, clock: ManualClock
) -> None:
    said = await desk.visitors().say("z1", "不清楚", handle=False)
    place = Place(account=desk.account.name, identity_id=said.person.identity_id)
    subject = Subject(holder="H1", policy="P20260001", product="<b>险</b>", due=None, edition="2026-11-28+abc")
    callbacks = Callbacks(desk.stores.database)
    begun = await callbacks.begin(place, subject, now=clock.now())
    answer = Answered(
        question="cover", text="您知道吗？", label="不清楚", value="unclear", is_doubt=True, seq=said.seq, total=1
    )
    await callbacks.take(begun.id, place, answer, doubt=None, now=clock.now())
    address = f"/console/customers/{desk.firm.customers['z1']}"

    page = await _shown(await desk.clerk("zhang"), address)

    assert "&lt;b&gt;险&lt;/b&gt;" in page
    assert "P20260001" not in page
    for words in ("…0001", "您知道吗？", "2026-11-28+abc", "已完成"):
        assert words in unescape(page)
    # An analyst sees the customer and not what they have insured.
    assert "您知道吗" not in await _shown(await desk.clerk("zheng"), address)


@pytest.mark.parametrize("payload", HOSTILE)
async def test_whatever_is_typed_into_the_search_stays_text(desk: Desk, payload: str) -> None:
    text = await _shown(await desk.clerk("zhang"), f"/console/customers?person={quote(payload)}")

    [field] = re.findall(r'<input id="field-person"[^>]*>', text)
    assert f'value="{payload}"' == unescape(re.findall(r'value="[^"]*"', field)[0])


@pytest.mark.parametrize("query", ["person=%00", "person=z1%00", f"person={'x' * 3000}", "person=%F0%9F%98%80%ff"])
async def test_a_strange_search_finds_nothing_and_breaks_nothing(desk: Desk, query: str) -> None:
    assert (await (await desk.clerk("wu")).get(f"/console/customers?{query}")).status == 200


async def test_words_are_masked_before_they_are_shown(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(
            stores, clock=clock, home=tmp_path, stack=stack, mask=lambda text: text.replace("我是", "＊＊")
        )
        text = (await (await desk.clerk("zhang")).get(f"/console/customers/{desk.firm.customers['z1']}")).text

    assert "＊＊z1" in text
    assert "我是z1" not in text


async def test_the_audit_is_filtered_and_paged(desk: Desk) -> None:
    clerk, customer = await desk.clerk("wu"), desk.firm.customers["z1"]
    for _ in range(60):
        await desk.people.reading.customer(await desk.firm.viewer("zhang"), customer)
    await clerk.get("/console/customers")
    first = (await clerk.get(f"/console/audit?subject=customer&number={customer}")).text
    found = re.search(r'href="([^"]+)" rel="next"', first)
    assert found is not None
    second = (await clerk.get(unescape(found[1]))).text

    assert (first.count("<tr>") - 1, second.count("<tr>") - 1) == (50, 10)
    assert "客户列表</td>" not in first
    assert 'rel="next"' not in second


async def test_a_look_at_the_audit_stands_in_it(desk: Desk) -> None:
    clerk = await desk.clerk("wu")
    shown = (await clerk.get("/console/audit?subject=audit")).text
    assert shown.count("<tr>") - 1 == 1
    assert "审计</td>" in shown
