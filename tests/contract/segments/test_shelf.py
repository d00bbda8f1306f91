"""Segments that staff make: versions, names of files, circles, two who save at once; and whom they find in a scope."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from content.audience import load_audience
from content.messages import Follow, Unfollow
from content.rights import Permission
from content.segment_checks import SegmentFlawed
from content.segments import Condition
from handlers.people.rights import Forbidden
from handlers.segments.reading import SegmentReading, short_person
from handlers.segments.shelf import SegmentChanged, SegmentMissing, SegmentShelf, SegmentTaken
from storage.audit import Audit
from storage.customer_cards import CustomerCards
from storage.segment_book import SegmentBook
from storage.segments import SegmentQueries
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import SEEN, Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

AUDIENCE = load_audience(None)
CAR: dict[str, Any] = {"fact": "finance.has_car", "is": True}


def _shelf(stores: OpenStores, clock: ManualClock) -> SegmentShelf:
    return SegmentShelf(
        SegmentBook(stores.database), files=AUDIENCE.segments, attributes=AUDIENCE.attributes, clock=clock
    )


def _given(name: str = "cars", rule: dict[str, Any] | None = None, title: str = "有车") -> dict[str, Any]:
    return {"id": name, "title": title, "rule": rule or CAR}


@pytest.fixture
def shelf(stores: OpenStores, clock: ManualClock) -> SegmentShelf:
    return _shelf(stores, clock)


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
def reading(stores: OpenStores, shelf: SegmentShelf, clock: ManualClock) -> SegmentReading:
    queries, cards = SegmentQueries(stores.database), CustomerCards(stores.database)
    return SegmentReading(shelf, queries=queries, cards=cards, audit=Audit(stores.database), clock=clock)


async def test_each_change_is_a_version_and_an_audit_row(shelf: SegmentShelf, stores: OpenStores) -> None:
    save = shelf.save
    versions = [await save(COMMAND_LINE, _given(), after=0), await save(COMMAND_LINE, _given(title="车主"), after=1)]
    standing = (await shelf.all())["cars"]
    removed = await shelf.remove(COMMAND_LINE, "cars", after=2)
    gone = "cars" in await shelf.all()
    again = await save(COMMAND_LINE, _given(), after=0)

    assert (versions, standing.version, standing.segment.title, removed, gone, again) == (
        [1, 2],
        2,
        "车主",
        3,
        False,
        4,
    )
    assert await stores.count("segment_version") == 4
    rows = await stores.rows("SELECT action, detail FROM audit_entry WHERE subject = 'segment' ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("changed", "cars 1"),
        ("changed", "cars 2"),
        ("removed", "cars 3"),
        ("changed", "cars 4"),
    ]


async def test_who_has_not_seen_the_last_version_changes_nothing(shelf: SegmentShelf) -> None:
    await shelf.save(COMMAND_LINE, _given(), after=0)
    for after in (0, 2):
        with pytest.raises(SegmentChanged):
            await shelf.save(COMMAND_LINE, _given(), after=after)
    with pytest.raises(SegmentChanged):
        await shelf.remove(COMMAND_LINE, "never-there", after=0)


async def test_of_two_processes_that_save_at_once_one_does(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    shelves = [_shelf(stores, clock), _shelf(other_stores, clock)]
    done = await asyncio.gather(
        *(each.save(COMMAND_LINE, _given(), after=0) for each in shelves), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in done) == ["SegmentChanged", "int"]
    assert await stores.count("segment_version") == 1


async def test_a_name_of_a_file_is_the_files_and_hides_what_had_it(
    shelf: SegmentShelf, stores: OpenStores, clock: ManualClock
) -> None:
    with pytest.raises(SegmentTaken):
        await shelf.save(COMMAND_LINE, _given("dormant"), after=0)
    with pytest.raises(SegmentTaken):
        await shelf.remove(COMMAND_LINE, "dormant", after=0)
    without = SegmentShelf(SegmentBook(stores.database), files=(), attributes=AUDIENCE.attributes, clock=clock)
    await without.save(COMMAND_LINE, _given("dormant"), after=0)

    assert ((await shelf.all())["dormant"].version, await shelf.hidden()) == (None, ["dormant"])


async def test_a_rule_that_fits_no_more_is_hidden_not_misread(shelf: SegmentShelf, stores: OpenStores) -> None:
    await shelf.save(COMMAND_LINE, _given(), after=0)
    await stores.change("UPDATE segment_version SET rule = '{\"star\": 1}'")

    assert ("cars" in await shelf.all(), await shelf.hidden()) == (False, ["cars"])


@pytest.mark.parametrize(
    ("rule", "place", "what"),
    [
        ({"fact": "star.sign", "is": "x"}, "rule.fact", "there is no attribute `star.sign`"),
        ({"fact": "person.sex", "is": "x"}, "rule.is", "不是这一项的取值"),
        ({"fact": "person.sex", "less": 3}, "rule.less", "there is no more or less"),
        ({"fact": "family.child_age", "less": 6}, "rule.less", "is kept as a band"),
        ({"fact": "person.age", "month": 5}, "rule.month", "is no day"),
        ({"fact": "person.age", "between": [9, 3]}, "rule.between", "the first is more than the second"),
        ({"all": [CAR, {"segment": "nowhere"}]}, "rule.all.1.segment", "there is no segment `nowhere`"),
        ({"all": [CAR, {"fact": "person.age"}]}, "rule.all.1", "needs exactly one of"),
        ({"fact": "person.age", "is": 3, "tag": "vip"}, "rule", "a condition says one thing"),
        ({"tag": "vip", "days": 3}, "rule", "`days` does not belong to `tag`"),
        ({"event": "any"}, "rule", "`event` needs at_least or at_most"),
        ({"event": "any", "at_least": 1.5}, "rule", "a whole number of times"),
        ({"consent": "marketing", "is": "maybe"}, "rule", "no state of a consent"),
        ({"policy": "any", "within": 3}, "rule", "`any` policy has no day"),
        ({"star": 1}, "rule.star", "Extra inputs"),
        ({"segment": "cars"}, "rule", "in a circle"),
    ],
)
async def test_a_rule_that_cannot_be_says_where_and_why(
    shelf: SegmentShelf, rule: dict[str, Any], place: str, what: str
) -> None:
    await shelf.save(COMMAND_LINE, _given(), after=0)
    with pytest.raises(SegmentFlawed) as told:
        await shelf.save(COMMAND_LINE, _given(rule=rule), after=1)
    flaw = told.value.flaws[0]
    assert ".".join(map(str, flaw.place)) == place
    assert what in flaw.what
    assert flaw.mend


async def test_segments_do_not_name_each_other_in_a_circle(shelf: SegmentShelf) -> None:
    await shelf.save(COMMAND_LINE, _given("a"), after=0)
    await shelf.save(COMMAND_LINE, _given("b", {"not": {"segment": "a"}}), after=0)
    with pytest.raises(SegmentFlawed, match="in a circle"):
        await shelf.save(COMMAND_LINE, _given("a", {"all": [CAR, {"segment": "b"}]}), after=1)


async def test_a_circle_that_two_saved_at_once_is_told_when_it_is_used(
    shelf: SegmentShelf, reading: SegmentReading, stores: OpenStores
) -> None:
    await shelf.save(COMMAND_LINE, _given("a"), after=0)
    await shelf.save(COMMAND_LINE, _given("b", {"segment": "a"}), after=0)
    await stores.change("UPDATE segment_version SET rule = '{\"segment\": \"b\"}' WHERE name = 'a'")
    with pytest.raises(SegmentFlawed, match="in a circle"):
        await reading.count(COMMAND_LINE, await reading.rule_of("b"))


async def test_too_many_conditions_are_refused(shelf: SegmentShelf) -> None:
    wide = {"any": [{"all": [CAR] * 10}] * 6}
    with pytest.raises(SegmentFlawed, match="67 conditions, 60 are allowed"):
        await shelf.save(COMMAND_LINE, _given(rule=wide), after=0)
    deep: dict[str, Any] = CAR
    for _ in range(6):
        deep = {"not": deep}
    with pytest.raises(SegmentFlawed, match="7 deep"):
        await shelf.save(COMMAND_LINE, _given(rule=deep), after=0)


async def test_segments_in_segments_as_deep_as_they_may_stand_are_counted(
    shelf: SegmentShelf, reading: SegmentReading, firm: Firm
) -> None:
    """SQLite's parser gives up ten levels down unless the statement is flat."""
    await shelf.save(COMMAND_LINE, _given("s0", {"channel": "wechat"}), after=0)
    for number in range(1, 29):
        await shelf.save(COMMAND_LINE, _given(f"s{number}", {"not": {"segment": f"s{number - 1}"}}), after=0)

    assert await reading.count(COMMAND_LINE, await reading.rule_of("s28")) == len(firm.customers)
    assert await reading.count(await firm.viewer("qian"), await reading.rule_of("s27")) == 0


async def test_everybody_counts_samples_and_lists_their_own_scope(reading: SegmentReading, firm: Firm) -> None:
    everyone = Condition.model_validate({"channel": "wechat"})
    for userid in ("sun", "qian", "wu", "zheng"):
        viewer = await firm.viewer(userid)
        mine = sorted(firm.customers[person] for person in SEEN[userid])
        assert await reading.count(viewer, everyone) == len(mine)
        assert await reading.members(viewer, everyone, limit=50, after=None) == mine
        assert sorted(card.id for card in await reading.sample(viewer, everyone, limit=20, seed=3)) == mine
        answers = {
            person: await reading.why(viewer, everyone, number) is not None for person, number in firm.customers.items()
        }
        assert answers == {person: person in SEEN[userid] for person in firm.customers}
    for userid in ("zhang", "zhou", "admin"):
        with pytest.raises(Forbidden):
            await reading.count(await firm.viewer(userid), everyone)


async def test_only_who_may_makes_segments(shelf: SegmentShelf, firm: Firm) -> None:
    assert await shelf.save(await firm.viewer("qian"), _given(), after=0) == 1
    for userid in ("sun", "wu", "zheng", "zhang"):
        viewer = await firm.viewer(userid)
        with pytest.raises(Forbidden):
            await shelf.save(viewer, _given(), after=1)
        with pytest.raises(Forbidden):
            await shelf.remove(viewer, "cars", after=1)
        assert not viewer.may(Permission.SEGMENTS_WRITE)


async def test_what_others_name_is_not_taken_away(shelf: SegmentShelf, stores: OpenStores) -> None:
    await shelf.save(COMMAND_LINE, _given(), after=0)
    await shelf.save(COMMAND_LINE, _given("both", {"all": [{"segment": "cars"}, CAR]}), after=0)
    with pytest.raises(SegmentFlawed, match="`cars` is named by `both`"):
        await shelf.remove(COMMAND_LINE, "cars", after=1)
    assert await shelf.hidden() == []
    # Two at once may get past it: then it is told.
    await stores.change("DELETE FROM segment_version WHERE name = 'cars'")
    assert await shelf.hidden() == ["both"]


@pytest.mark.parametrize("given", [{"title": "a\x00"}, {"note": "\x00"}, {"rule": {"tag": "v\x00ip"}}])
async def test_what_one_of_the_databases_cannot_keep_is_a_flaw_on_both(
    shelf: SegmentShelf, given: dict[str, Any]
) -> None:
    with pytest.raises(SegmentFlawed):
        await shelf.save(COMMAND_LINE, _given() | given, after=0)


async def test_looks_leave_their_rows_and_a_form_that_counts_again_leaves_one(
    reading: SegmentReading, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    rule, viewer = await reading.rule_of("dormant"), await firm.viewer("qian")
    for _ in range(3):
        await reading.count(viewer, rule, name="dormant")
    await clock.advance(601)
    await reading.count(viewer, rule, name="dormant")
    await reading.sample(viewer, rule, limit=5, seed=2, name="dormant")
    await reading.why(viewer, rule, firm.customers["z1"], name="dormant")
    rows = await stores.rows("SELECT action, subject, subject_id, detail FROM audit_entry ORDER BY id")

    assert [tuple(row.values()) for row in rows] == [
        ("counted", "segment", None, "dormant"),
        ("counted", "segment", None, "dormant"),
        ("sampled", "segment", None, "dormant 2"),
        ("explained", "customer", firm.customers["z1"], "dormant"),
    ]
    with pytest.raises(SegmentMissing):
        await reading.rule_of("nowhere")


async def test_twenty_dormant_customers_are_the_segment(
    reading: SegmentReading, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    """Those who follow and were silent for 90 days; who left, wrote or tapped is not."""
    visitors = Visitors(stores.log, firm.account, clock)
    for number in range(24):
        await visitors.do(f"d{number}", Follow(), followed=True)
        await visitors.say(f"d{number}", "你好")
    await visitors.do("d23", Unfollow(), followed=False)
    await clock.advance(timedelta(days=91).total_seconds())
    await visitors.do("d20", Follow(), followed=True)
    for number in (20, 21, 22):
        await visitors.say(f"d{number}", "我回来了")

    rule = await reading.rule_of("dormant")
    assert await reading.count(COMMAND_LINE, rule) == 20
    silent = await reading.why(COMMAND_LINE, rule, (await reading.members(COMMAND_LINE, rule, limit=1, after=None))[0])
    assert silent is not None
    assert [each.words for each in silent] == [
        "同时满足：",
        "关注着任一账号",
        "最近 90 天发消息：没有",
        "最近 90 天点菜单：没有",
    ]


def test_a_platforms_id_is_shortened() -> None:
    assert short_person("oABCDEFGHIJKLMNOP") == "oABC…NOP"
    assert short_person("zhangsan") == "zhangsan"
