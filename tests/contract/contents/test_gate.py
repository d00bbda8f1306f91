"""The gate: what names a version leaves only while that is approved, unexpired and not stopped, asked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from handlers.contents.stopping import ReasonNeeded
from handlers.contents.trial import Tried
from handlers.people.rights import Forbidden
from storage.content_drafts import Moved
from storage.content_rows import ItemRow
from storage.content_stops import waiting_of
from storage.content_trials import trials_of
from storage.tables import CONTENT_VERSION
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.newsroom import Newsroom, piece
from tests.fakes.sending import claim, official, send_due, sender_of
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import FIVE_IN_TWO_DAYS, Visitors


class Post:
    """An official account with a scripted platform, and a tester who has just written to it."""

    def __init__(self, newsroom: Newsroom, clock: ManualClock) -> None:
        self.newsroom = newsroom
        self.channel = ScriptedChannel()
        self._clock = clock
        self.sender = sender_of(newsroom.stores, clock, {newsroom.firm.account.id: official(self.channel)})

    async def hello(self) -> None:
        """Let the tester write, which opens the window."""
        visitors = Visitors(self.newsroom.stores.log, self.newsroom.firm.account, self._clock)
        await visitors.say("z1", "你好", grant=FIVE_IN_TWO_DAYS)

    async def try_out(self, item: ItemRow, *, key: str = "1") -> Tried:
        """Try an item out."""
        qian = await self.newsroom.firm.viewer("qian")
        return await self.newsroom.rooms.trial.send(qian, await self.newsroom.item(item.id), "A", key=key)

    async def outcome(self) -> list[tuple[str, str | None]]:
        """Send what is due; return state and reason of what the tester was to get."""
        await send_due(self.sender)
        rows = await self.newsroom.stores.rows(
            "SELECT d.state, d.reason FROM delivery d JOIN identity i ON i.id = d.identity_id"
            " WHERE i.external_id = 'z1' ORDER BY d.id"
        )
        return [(row["state"], row["reason"]) for row in rows]


@pytest.fixture
async def post(newsroom: Newsroom, clock: ManualClock) -> Post:
    post = Post(newsroom, clock)
    await post.hello()
    return post


async def test_an_approved_version_leaves_filled_and_once(post: Post) -> None:
    item = await post.newsroom.approved()
    assert await post.try_out(item) is Tried.PLANNED
    assert await post.try_out(item) is Tried.PLANNED  # the same wish
    assert await post.outcome() == [("sent", None)]
    assert "王女士，祝您生日快乐！" in str(post.channel.calls)
    trials = await post.newsroom.rooms.trial.made(await post.newsroom.item(item.id))
    assert sorted(trial.state for trial in trials) == ["refused", "sent"]  # nobody followed as `nobody`


async def test_nothing_is_tried_out_before_it_is_approved(post: Post) -> None:
    item = await post.newsroom.submitted()
    assert await post.try_out(item) is Tried.NOT_APPROVED


async def _end(post: Post, item: ItemRow, how: str, clock: ManualClock) -> None:
    newsroom = post.newsroom
    if how == "withdrawn":
        qian, approved = await newsroom.firm.viewer("qian"), item.approved
        assert approved is not None
        assert await newsroom.rooms.desk.withdraw(qian, item, revision=approved.revision) is Moved.DONE
    elif how == "replaced":
        assert await newsroom.save(item, "生日快乐！") is Moved.DONE
        assert await newsroom.approve(await newsroom.submit(item)) is Moved.DONE
    elif how == "expired":
        assert item.approved is not None
        await clock.advance(timedelta(days=180).total_seconds())
        await post.hello()
    elif how == "stopped":
        qian = await newsroom.firm.viewer("qian")
        assert await newsroom.rooms.stopping.stop_item(qian, item.id, "条款有误") is not None
    else:
        wu = await newsroom.firm.viewer("wu")
        await newsroom.rooms.stopping.stop_product(wu, "安心 医疗", "停售")


_ENDS: dict[str, str] = {
    "withdrawn": "content_unapproved",
    "replaced": "content_unapproved",
    "expired": "content_expired",
    "stopped": "content_stopped",
    "product stopped": "content_stopped",
}
_OF_A_PRODUCT = "安心医疗由安心保险承保，为保险产品，以合同约定为准。"


@pytest.mark.parametrize("how", list(_ENDS))
async def test_what_waits_is_refused_once_its_version_may_not_go_out_any_more(
    post: Post, clock: ManualClock, how: Any
) -> None:
    item = await post.newsroom.approved(piece(_OF_A_PRODUCT, product="安心医疗"))
    assert await post.try_out(item) is Tried.PLANNED
    await _end(post, item, how, clock)

    assert await post.outcome() == [("refused", _ENDS[how])]
    assert post.channel.calls == []


@pytest.mark.parametrize("how", ["stopped", "withdrawn"])
async def test_it_is_asked_again_between_the_claim_and_the_attempt(
    post: Post, clock: ManualClock, stores: OpenStores, how: Any
) -> None:
    item = await post.newsroom.approved()
    await post.try_out(item)
    [row] = [row for row in await claim(stores, clock) if row.person.external_id == "z1"]
    assert row.person.reviewed is not None
    assert row.person.reviewed.is_approved
    assert not row.person.reviewed.is_stopped
    await _end(post, item, how, clock)

    heard = []

    def decide(person: Any, _recent: Any) -> str:
        heard.append((person.reviewed.is_approved, person.reviewed.is_stopped))
        return "custom_send"

    await stores.outbox.begin(
        row, holder="worker-1", now=clock.now(), decide=decide, costs=lambda _: 0, look_back=timedelta(0)
    )
    assert heard == [(how == "stopped", how == "stopped")]


async def test_a_stop_lists_what_it_holds_back_and_lifting_it_lets_the_next_ones_go(post: Post) -> None:
    newsroom = post.newsroom
    item = await newsroom.approved()
    await post.try_out(item)
    qian = await newsroom.firm.viewer("qian")

    stopped = await newsroom.rooms.stopping.stop_item(qian, item.id, "条款有误")
    assert stopped is not None
    assert (stopped.is_new, stopped.waiting) == (True, 2)
    assert {(row.account, row.item, row.version) for row in stopped.rows} == {("service", "birthday", 1)}
    again = await newsroom.rooms.stopping.stop_item(qian, item.id, "别的理由")
    assert again is not None
    assert (again.id, again.is_new) == (stopped.id, False)
    assert (await newsroom.item(item.id)).stopped == "条款有误"
    assert await post.outcome() == [("refused", "content_stopped")]

    assert await newsroom.rooms.stopping.lift_item(qian, item.id)
    assert not await newsroom.rooms.stopping.lift_item(qian, item.id)
    await post.try_out(item, key="2")
    assert await post.outcome() == [("refused", "content_stopped"), ("sent", None)]
    assert [deed[0] for deed in await newsroom.deeds()][-4:] == [
        "content_tried",
        "content_stopped",
        "content_stop_lifted",
        "content_tried",
    ]


async def test_an_author_does_not_lift_what_compliance_has_stopped(newsroom: Newsroom) -> None:
    item = await newsroom.approved()
    stopping = newsroom.rooms.stopping
    await stopping.stop_item(await newsroom.firm.viewer("wu"), item.id, "监管来函")
    assert not await stopping.lift_item(await newsroom.firm.viewer("qian"), item.id)
    assert not (await newsroom.item(item.id)).is_sendable(newsroom.clock.now())
    assert await stopping.lift_item(await newsroom.firm.viewer("zhou"), item.id)


async def test_a_product_is_stopped_by_who_sees_all_alone(newsroom: Newsroom) -> None:
    with pytest.raises(Forbidden):
        await newsroom.rooms.stopping.stop_product(await newsroom.firm.viewer("qian"), "安心医疗", "停售")


async def test_a_version_that_is_not_there_lets_nothing_go(post: Post, stores: OpenStores) -> None:
    await post.try_out(await post.newsroom.approved())
    await stores.change("UPDATE delivery SET content_version_id = 999")
    assert await post.outcome() == [("refused", "content_unapproved")]


async def test_marks_alone_are_no_product_to_stop(newsroom: Newsroom) -> None:
    with pytest.raises(ReasonNeeded):
        await newsroom.rooms.stopping.stop_product(await newsroom.firm.viewer("wu"), "——", "停售")


async def test_what_waits_and_what_tried_out_are_read_without_the_messages_that_have_left(stores: OpenStores) -> None:
    versions = select(CONTENT_VERSION.c.id).where(CONTENT_VERSION.c.item_id == 7)
    for query, index in ((waiting_of(versions), "ix_delivery_content"), (trials_of(7, limit=10), "ix_delivery_trial")):
        async with stores.database.read() as connection:
            compiled = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
            if stores.database.is_sqlite:
                plan = [row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
            else:
                # An empty table is scanned whatever its indexes are.
                await connection.execute(text("SET LOCAL enable_seqscan = off"))
                plan = [row[0] for row in await connection.execute(text(f"EXPLAIN {compiled}"))]
        assert any(index in line for line in plan), plan
