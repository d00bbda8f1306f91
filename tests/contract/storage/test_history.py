"""The log read back: what was last said, and everything in order."""

from __future__ import annotations

import asyncio
import json

from content.rights import Scope
from storage.records import AccountRow, AttributionDraft, StoredReply, Way
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


async def _talk(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, person: str, *answers: str
) -> tuple[int, int]:
    said = await visitors.say(person, "问")
    await stores.handling.finish(turn(lease_of(said), [said.seq], *answers, now=clock.now(), way=Way.OPEN))
    return said.account_id, said.person.conversation_id


async def test_what_went_out_last_in_a_conversation_is_found(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await _talk(stores, visitors, clock, "alice", "一")
    place = await _talk(stores, visitors, clock, "alice", "二", "三")
    await _talk(stores, visitors, clock, "bob", "四")
    await visitors.say("alice", "五")

    assert await stores.history.last_outgoing(*place) == StoredReply(kind="text", fields={"content": "三"})


async def test_a_new_conversation_begins_without_a_past(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await _talk(stores, visitors, clock, "alice", "一")
    await clock.advance(7 * 3600)
    place = await _talk(stores, visitors, clock, "alice")

    assert await stores.history.last_outgoing(*place) is None


async def test_the_export_holds_every_message_in_order(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    elsewhere = Visitors(stores.log, accounts["second"], clock)
    await _talk(stores, elsewhere, clock, "alice", "别处")
    await _talk(stores, visitors, clock, "alice", "一")
    await _talk(stores, visitors, clock, "bob", "二")
    rows = [row async for row in stores.history.export(viewer=COMMAND_LINE)]

    assert [(row["account"], row["seq"], row["direction"]) for row in rows] == [
        *(("service", seq, direction) for seq, direction in enumerate(("in", "out", "in", "out"), start=1)),
        ("second", 1, "in"),
        ("second", 2, "out"),
    ]
    assert [row["content"] for row in rows[:2]] == [{"content": "问"}, {"content": "一"}]
    assert (rows[1]["person"], rows[1]["purpose"], rows[1]["content_version"]) == ("alice", "service", "v1")
    assert json.loads(json.dumps(rows, ensure_ascii=False)) == rows


async def test_the_export_of_one_account_holds_only_its_messages(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await _talk(stores, Visitors(stores.log, accounts["second"], clock), clock, "alice", "别处")
    await _talk(stores, visitors, clock, "alice", "一")

    assert [row["seq"] async for row in stores.history.export(viewer=COMMAND_LINE, account="second")] == [1, 2]
    assert [row async for row in stores.history.export(viewer=COMMAND_LINE, account="nobody")] == []


async def test_the_export_says_which_message_shows_where_a_contact_came_from(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    said = await visitors.say("alice", "扫码")
    source = AttributionDraft(scene="campaign:spring", campaign="spring", agent=None)
    await stores.handling.finish(turn(lease_of(said), [said.seq], "欢迎", now=clock.now(), attributions=(source,)))

    assert [row["attribution"] async for row in stores.history.export(viewer=COMMAND_LINE)] == [
        {"scene": "campaign:spring", "campaign": "spring", "agent": None},
        None,
    ]


async def test_destroyed_content_is_exported_as_nothing_with_its_digest(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    place = await _talk(stores, visitors, clock, "alice", "一")
    await stores.change("DELETE FROM content")
    rows = [row async for row in stores.history.export(viewer=COMMAND_LINE)]

    assert [(row["content"], len(row["digest"])) for row in rows] == [(None, 64)] * 2
    assert await stores.history.last_outgoing(*place) is None


async def test_an_export_longer_than_one_chunk_has_no_gap(stores: OpenStores, visitors: Visitors) -> None:
    await asyncio.gather(*(visitors.say(f"p{n % 50}", str(n)) for n in range(2100)))

    assert [row["seq"] async for row in stores.history.export(viewer=COMMAND_LINE)] == list(range(1, 2101))


async def test_what_went_out_before_destroyed_words_is_not_taken_for_the_last(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    place = await _talk(stores, visitors, clock, "alice", "一", "二")
    await stores.change("DELETE FROM content WHERE seq = 3")

    assert await stores.history.last_outgoing(*place) is None


async def test_a_viewer_sees_the_accounts_of_their_scope_and_nothing_else(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock
) -> None:
    await _talk(stores, visitors, clock, "alice", "一")
    await _talk(stores, Visitors(stores.log, accounts["second"], clock), clock, "bob", "二")
    viewer = Viewer(name="李", role="supervisor", scope=Scope.ALL, accounts=frozenset({"second"}))
    nobody = Viewer(name="新人", role="agent", scope=Scope.ALL, accounts=frozenset())

    assert {row["account"] async for row in stores.history.export(viewer=viewer)} == {"second"}
    assert [row async for row in stores.history.export(viewer=viewer, account="service")] == []
    assert [row async for row in stores.history.export(viewer=nobody)] == []
