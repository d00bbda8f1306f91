"""Conversations in the console: what was said is found within the scope, marked, masked, and never becomes HTML."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browser.console.desk import Answer, Clerk, Desk, open_desk
from tests.browser.console.work import index
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

_PAGE = "/console/conversations"


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)


async def _say(desk: Desk, *said: tuple[str, str]) -> None:
    """Let people say something, and the index read it."""
    visitors = Visitors(desk.stores.log, desk.account, desk.clock, holder=f"said-{await desk.stores.count('message')}")
    for person, words in said:
        await visitors.say(person, words)
    await index(desk)


async def _search(clerk: Clerk, words: str, **asked: str) -> Answer:
    return await clerk.get(f"{_PAGE}?{urlencode({'words': words, **asked})}")


def _found(answer: Answer) -> list[str]:
    return [html.unescape(text) for text in re.findall(r'<p class="found-text">(.*?)</p>', answer.text, re.DOTALL)]


async def test_what_was_said_is_found_with_its_words_marked_and_leads_to_the_customer(desk: Desk) -> None:
    await _say(desk, ("z1", "我想问住院怎么报销"), ("z2", "不相干"))
    answer = await _search(await desk.clerk("zhang"), "住院 报销")

    assert answer.status == 200
    assert _found(answer) == ["我想问<mark>住院</mark>怎么<mark>报销</mark>"]
    assert f'href="/console/customers/{desk.firm.customers["z1"]}"' in answer.text
    assert "安心保险服务号" in answer.text
    assert "今天 17:30" in answer.text


@pytest.mark.parametrize(
    ("userid", "people"), [("zhang", ["z1"]), ("sun", ["l1", "z1"]), ("zhao", ["b1"]), ("wu", ["b1", "l1", "z1"])]
)
async def test_only_the_scope_is_searched(desk: Desk, userid: str, people: list[str]) -> None:
    await _say(desk, *[(person, f"{person}要理赔") for person in ("z1", "l1", "b1")])
    assert _found(await _search(await desk.clerk(userid), "理赔")) == [f"{each}要<mark>理赔</mark>" for each in people]


async def test_script_in_a_message_and_in_the_words_stays_text(desk: Desk) -> None:
    attack = '<script>alert(1)</script>理赔"><img src=x>'
    await _say(desk, ("z1", attack))
    clerk = await desk.clerk("zhang")
    for words in ("理赔", attack):
        text = (await _search(clerk, words)).text
        assert "alert" in text
        assert "<script>alert" not in text
        assert "<img src=x>" not in text


async def test_a_number_is_found_and_shown_masked(desk: Desk) -> None:
    await _say(desk, ("z1", "我的手机13812345678"))
    answer = await _search(await desk.clerk("zhang"), "手机13812345678")
    assert len(_found(answer)) == 1
    assert "13812345678" not in answer.text.partition("<ol")[2]


async def test_the_conditions_narrow_what_is_found(desk: Desk, clock: ManualClock) -> None:
    await _say(desk, ("z1", "理赔一"))
    await clock.advance(7 * 3600)
    await _say(desk, ("z1", "理赔二"))
    clerk = await desk.clerk("zhang")

    async def kept(**asked: str) -> str:
        return "".join(text[-1] for text in _found(await _search(clerk, "理赔", **asked)))

    # 17:30 on the first of May and half past midnight on the second, in China.
    assert await kept() == "二一"
    assert await kept(since="2026-05-02") == "二"
    assert await kept(until="2026-05-01") == "一"
    assert await kept(since="2026-05-01", until="2026-05-02") == "二一"
    assert await kept(account="service", direction="in") == "二一"
    assert await kept(account="another") == ""
    assert await kept(direction="out") == ""


async def test_pages_follow_each_other_and_keep_the_conditions(desk: Desk) -> None:
    await _say(desk, *[("z1", f"理赔第{number}次") for number in range(45)])
    clerk, address, seen = await desk.clerk("zhang"), f"{_PAGE}?words=理赔&direction=in", []
    for _ in range(3):
        answer = await clerk.get(address)
        seen += _found(answer)
        link = re.search(r'href="([^"]+)" rel="next"', answer.text)
        if link is None:
            break
        address = html.unescape(link[1])
        assert "direction=in" in address

    assert seen == [f"<mark>理赔</mark>第{number}次" for number in reversed(range(45))]


async def test_what_a_look_left_is_fetched_by_parts_of_the_page(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True, effort=1)
        await _say(
            desk, *[("z1", f"理赔第{number // 20}次" if number % 20 == 0 else "别的事") for number in range(500)]
        )
        clerk = await desk.clerk("zhang")
        answer = await _search(clerk, "理赔 次")
        seen, parts = _found(answer), 0
        while going := re.search(r'hx-get="([^"]+shown=[^"]+)"', answer.text):
            answer = await clerk.get(html.unescape(going[1]), HX_Request="true")
            assert "<html" not in answer.text
            seen += _found(answer)
            parts += 1
        following = re.search(r'href="([^"]+)" rel="next"', answer.text)

        assert [re.sub("<.*?>", "", text) for text in seen] == [f"理赔第{number}次" for number in range(24, 4, -1)]
        assert parts > 0
        assert following is not None
        assert "shown" not in following[1]
        assert (await clerk.get(f"{_PAGE}?words=理赔&shown=x")).status == 400
        full = await clerk.get(f"{_PAGE}?words=理赔&shown=999999999999999999", HX_Request="true")
        assert full.status == 200


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"words": "，。"}, "只有标点是查不到的"),
        ({"words": "赔" * 101}, "最多 100 个字"),
        ({"words": "a b c d e f g h i"}, "最多查找 8 个词"),
        ({"words": "理赔", "since": "yesterday"}, "日期看不懂"),
        ({"words": "理赔", "until": "9999-12-31"}, "日期看不懂"),
        ({"words": "理赔", "since": "0001-01-01"}, "日期看不懂"),
    ],
)
async def test_what_cannot_be_looked_for_is_said_in_a_sentence(
    desk: Desk, asked: dict[str, str], sentence: str
) -> None:
    answer = await (await desk.clerk("zhang")).get(f"{_PAGE}?{urlencode(asked)}")
    assert answer.status == 422
    assert sentence in answer.text
    assert await desk.people.audit.entries(subject="conversations") == []


@pytest.mark.parametrize("asked", [{"direction": "up"}, {"before": "x"}, {"before": "1-1-1"}])
async def test_what_the_page_never_asks_is_a_bad_request(desk: Desk, asked: dict[str, str]) -> None:
    assert (await _search(await desk.clerk("zhang"), "理赔", **asked)).status == 400


async def test_without_words_the_page_explains_and_nothing_is_noted(desk: Desk) -> None:
    answer = await (await desk.clerk("zhang")).get(_PAGE)
    assert "查找客户和知客说过的话" in answer.text
    assert await desk.people.audit.entries(subject="conversations") == []


async def test_a_search_is_noted_without_its_words_and_what_is_not_there_is_said(desk: Desk) -> None:
    await _say(desk, ("z1", "理赔"))
    clerk = await desk.clerk("zhang")
    await _search(clerk, "理赔")
    nothing = await _search(clerk, "火星移民")
    rows = await desk.people.audit.entries(subject="conversations")
    shown = (await (await desk.clerk("wu")).get("/console/audit?subject=conversations")).text

    assert "没有找到" in nothing.text
    assert [(row["action"], row["detail"]) for row in rows] == [
        ("searched", "火***; customers -"),
        ("searched", f"理*; customers {desk.firm.customers['z1']}"),
    ]
    assert "会话搜索" in shown.partition("<tbody>")[2]
