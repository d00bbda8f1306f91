"""Conversations that change hands: leases renewed and lost, what a dead process left, what cannot be read of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.lanes.answers import deliveries
from tests.fakes.desk import Desk
from tests.fakes.stores import OpenStores


async def test_the_lease_is_renewed_while_a_slow_route_runs(open_desk: Callable[..., Desk], stores: OpenStores) -> None:
    desk, other = open_desk(), open_desk(holder="web-2")
    desk.route.seconds = 20
    await desk.push("你好")
    taken = []
    for _ in range(10):
        await desk.wait(2)
        taken.append(await other.lanes.take_over(limit=10))

    assert taken == [0] * 10
    assert (desk.route.turns, other.route.turns) == (["你好"], [])
    assert await deliveries(stores) == ['{"content":"答你好"}']


async def test_what_a_dead_process_left_is_answered_by_another(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    dead, other = open_desk(active_messages=False), open_desk(holder="web-2", active_messages=False)
    dead.route.seconds = 1000
    await dead.push("你好", key="k")
    await dead.close()  # its lanes are cut off; nothing is released
    await other.wait(6)
    retry = await other.push("你好", key="k")
    early = retry.answer
    taken = await other.lanes.take_over(limit=10)
    await other.wait(0.5)

    assert (early, taken) == (None, 1)
    assert retry.words == "答你好"
    assert await stores.count("reply") == 1


async def test_who_loses_the_lease_while_a_route_runs_writes_nothing(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    paused, other = open_desk(), open_desk(holder="web-2")
    paused.route.seconds = 3
    await paused.push("你好")
    await stores.change("UPDATE reach SET lease_until = 0")
    taken = await other.lanes.take_over(limit=10)
    await other.wait(4)

    assert taken == 1
    assert await stores.count("reply") == 1
    assert (await stores.one("SELECT epoch, holder FROM reach")) == {"epoch": 2, "holder": None}
    assert paused.lanes.held == 0


async def test_a_retry_at_another_process_waits_for_the_first_ones_reply(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    first, other = open_desk(active_messages=False), open_desk(holder="web-2", active_messages=False)
    first.route.seconds = 7
    await first.push("你好", key="k")
    await first.wait(5)
    retry = await other.push("你好", key="k")
    await other.wait(3)

    assert retry.words == "答你好"
    assert (first.route.turns, other.route.turns) == (["你好"], [])
    assert await deliveries(stores) == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("DELETE FROM content WHERE seq = 1", id="its content was destroyed"),
        pytest.param("UPDATE content SET fields = '[1' WHERE seq = 1", id="its content cannot be read"),
        pytest.param("UPDATE message SET kind = 'sticker' WHERE seq = 1", id="its kind is of a newer version"),
    ],
)
async def test_a_recorded_message_that_cannot_be_read_is_done_and_the_next_is_answered(
    open_desk: Callable[..., Desk], stores: OpenStores, spoil: str
) -> None:
    dead, other = open_desk(), open_desk(holder="web-2")
    dead.route.seconds = 1000
    await dead.push("一")
    await dead.push("二")
    await dead.close()
    await stores.change(spoil)
    await other.wait(6)
    taken = await other.lanes.take_over(limit=10)
    await other.wait(2)

    assert taken == 1
    assert "二" in "".join(other.route.turns)
    assert (await stores.one("SELECT count(*) AS n FROM work WHERE state = 'ready'"))["n"] == 0


async def test_a_conversation_that_cannot_be_begun_does_not_hold_the_others(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    dead, other = open_desk(), open_desk(holder="web-2")
    dead.route.seconds = 1000
    await dead.push("一", person="alice")
    await dead.push("二", person="bob")
    await dead.close()
    await stores.change("DELETE FROM identity WHERE external_id = 'alice'")
    await other.wait(6)
    taken = await other.lanes.take_over(limit=10)
    await other.wait(2)

    assert (taken, other.route.turns) == (1, ["二"])


async def test_what_a_stopping_process_could_not_finish_others_take_over_at_once(
    open_desk: Callable[..., Desk],
) -> None:
    stopping, other = open_desk(), open_desk(holder="web-2")
    stopping.route.seconds = 1000
    await stopping.push("你好")
    held = await other.lanes.take_over(limit=10)
    await stopping.lanes.finish(seconds=0)

    assert (held, await other.lanes.take_over(limit=10)) == (0, 1)
    await other.wait(0.5)
    assert other.route.turns == ["你好"]


async def test_a_stop_lets_go_of_what_was_leased_and_not_begun(
    open_desk: Callable[..., Desk],
) -> None:
    stopping, other = open_desk(), open_desk(holder="web-2")
    stopping.route.seconds = 1000
    await stopping.push("你好")
    await stopping.close()  # its work waits under a lease that no lane holds
    await stopping.lanes.finish(seconds=0)

    assert await other.lanes.take_over(limit=10) == 1


async def test_a_stop_leaves_alone_what_others_hold(open_desk: Callable[..., Desk]) -> None:
    stopping, other, third = open_desk(), open_desk(holder="web-2"), open_desk(holder="web-3")
    other.route.seconds = 1000
    await other.push("你好")
    await stopping.lanes.finish(seconds=0)

    assert await third.lanes.take_over(limit=10) == 0


async def test_a_consent_word_of_a_newer_version_silences_nobody(
    open_desk: Callable[..., Desk], stores: OpenStores
) -> None:
    desk = open_desk()
    await desk.push("你好")
    await stores.change(
        "INSERT INTO consent_entry (customer_id, consent, state, at, text_version) "
        "SELECT id, 'marketing', 'granted_in_writing', 0, 'v' FROM customer"
    )
    again = await desk.push("再来")
    await desk.wait(0.5)

    assert again.words == "答再来"
