"""Archived chats in the log: once, in order, in conversations, without those who refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from content.archive import ArchivedMessage, ArchiveError, read_line
from storage.archive import Added, Archive
from storage.chain import Chain
from storage.customer_cards import CustomerCards
from storage.records import AccountRow
from storage.seal_file import SealFile
from storage.timeline import Timeline
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import START, ManualClock
from tests.fakes.stores import OpenStores


def _message(
    number: int, *, hours: float, sender: str = "customer", customer: str = "wm1", **more: Any
) -> ArchivedMessage:
    line = {
        "id": f"m{number}",
        "at": (START - timedelta(days=30) + timedelta(hours=hours)).isoformat(),
        "customer": customer,
        "staff": "zhangwei",
        "from": sender,
        "text": f"第{number}句",
        **more,
    }
    return read_line(json.dumps(line), number=number, path="chats.jsonl")


@pytest.fixture
async def archived(stores: OpenStores) -> AccountRow:
    return (await stores.accounts.bring_in([("archive", "contact", "ww1", "聊天存档")]))["archive"]


@pytest.fixture
def archive(stores: OpenStores) -> Archive:
    return Archive(stores.database, idle_close=timedelta(hours=6))


async def test_both_sides_of_a_talk_stand_in_the_timeline_in_order_of_their_times(
    stores: OpenStores, archive: Archive, archived: AccountRow, clock: ManualClock
) -> None:
    talk = [_message(2, hours=1, sender="staff"), _message(1, hours=0), _message(3, hours=8)]
    added = await archive.add(archived, talk, now=clock.now())
    [card] = await CustomerCards(stores.database).page(viewer=COMMAND_LINE, limit=10)
    said = await Timeline(stores.database).page(card.id, viewer=COMMAND_LINE, limit=10)

    assert added == Added(new=3)
    assert [(each.direction, (each.fields or {})["content"]) for each in reversed(said)] == [
        ("in", "第1句"),
        ("out", "第2句"),
        ("in", "第3句"),
    ]
    assert len({each.conversation_id for each in said}) == 2, "six hours of silence begin another conversation"
    assert said[-1].at == START - timedelta(days=30)
    assert {(each.fields or {})["staff"] for each in said} == {"zhangwei"}


async def test_an_import_may_be_repeated_and_go_on(
    stores: OpenStores, archive: Archive, archived: AccountRow, clock: ManualClock
) -> None:
    first = [_message(n, hours=n / 10) for n in range(1, 4)]
    more = [*first, *(_message(n, hours=n / 10) for n in range(4, 6))]
    added = [await archive.add(archived, batch, now=clock.now()) for batch in (first, more, more)]

    assert added == [Added(new=3), Added(new=2, known=3), Added(known=5)]
    assert await stores.count("message") == 5
    assert await stores.count("conversation") == 1


async def test_who_withdrew_the_archive_is_left_out(
    stores: OpenStores, archive: Archive, archived: AccountRow, clock: ManualClock
) -> None:
    await archive.add(archived, [_message(1, hours=0), _message(2, hours=0, customer="wm2")], now=clock.now())
    await stores.change(
        "INSERT INTO consent_entry (customer_id, consent, state, at, text_version) "
        "SELECT customer_id, 'archive', 'withdrawn', 0, 'v' FROM identity WHERE external_id = 'wm1'"
    )
    later = [_message(3, hours=1), _message(4, hours=1, customer="wm2")]
    assert await archive.add(archived, later, now=clock.now()) == Added(new=1, refused=1)


async def test_the_chain_covers_what_was_imported(
    stores: OpenStores, archive: Archive, archived: AccountRow, clock: ManualClock, tmp_path: Any
) -> None:
    await archive.add(archived, [_message(1, hours=0), _message(2, hours=1)], now=clock.now())
    chain = Chain(stores.database, SealFile(tmp_path / "seals.jsonl"))
    await chain.seal(now=clock.now())
    [intact] = await chain.verify()
    await stores.change("UPDATE message SET direction = 'out' WHERE seq = 1")
    [broken] = await chain.verify()

    assert (intact.flaw, intact.rows, intact.sealed_to) == (None, 2, 2)
    assert broken.flaw is not None
    assert broken.flaw.seq == 1


@pytest.mark.parametrize(
    ("kind", "more", "logged"),
    [
        ("voice", {"text": "听写"}, ("voice", {"media_id": "", "recognition": "听写", "staff": "zhangwei"})),
        ("image", {}, ("image", {"media_id": "", "staff": "zhangwei"})),
        ("link", {"text": "题", "url": "u"}, ("link", {"title": "题", "url": "u", "staff": "zhangwei"})),
        ("file", {"text": "保单.pdf"}, ("event:archived_file", {"text": "保单.pdf", "staff": "zhangwei"})),
    ],
)
def test_each_kind_as_the_log_keeps_it(kind: str, more: dict[str, Any], logged: Any) -> None:
    assert _message(1, hours=0, kind=kind, **more).logged() == logged


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"at": "2026-05-01T09:30:00"}, r"chats\.jsonl:7: at: .*timezone"),
        ({"from": "bot"}, r"chats\.jsonl:7: from: "),
        ({"text": ""}, "a text says nothing"),
        ({"wings": 2}, r"chats\.jsonl:7: wings: "),
        ({"id": ""}, r"chats\.jsonl:7: id: "),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(change: dict[str, Any], says: str) -> None:
    line = {"id": "m", "at": "2026-05-01T09:30:00+08:00", "customer": "c", "staff": "s", "from": "staff", "text": "好"}
    with pytest.raises(ArchiveError, match=says):
        read_line(json.dumps(line | change), number=7, path="chats.jsonl")
    with pytest.raises(ArchiveError, match="this is not JSON"):
        read_line("{", number=1, path="chats.jsonl")
