"""Whoever is erased is gone from every byte, nothing brings them back, and what the law keeps nobody sees."""

from __future__ import annotations

import json

import pytest

from handlers.people.search import read_words
from storage.customer_cards import CustomerCards
from storage.customer_export import CustomerData
from storage.erasure_file import ErasureFile
from storage.erasures import Erasures
from storage.errors import StorageError
from storage.lock_away import LockAway
from storage.search import MessageSearch
from storage.search_account import Criteria
from storage.timeline import Timeline
from storage.viewer import COMMAND_LINE
from tests.contract.privacy.marked import LATER, MARK, PERSON, Marked

POINTS = (
    "erasure_listed",
    "erasure_nameless",
    "erasure_moving",
    "erasure_locked",
    "erasure_forgotten",
    "erasure_destroyed",
    "erasure_scrubbed",
)


class Killed(BaseException):
    """The process ends here."""


async def _is_seen(marked: Marked, customer: int) -> bool:
    """Tell whether anybody finds anything of the person."""
    database = marked.stores.database
    criteria = Criteria(words=read_words(MARK))
    found = await MessageSearch(database).page(criteria, viewer=COMMAND_LINE, limit=10)
    card = await CustomerCards(database).card(customer, viewer=COMMAND_LINE)
    listed = [each.id for each in await CustomerCards(database).page(viewer=COMMAND_LINE, limit=10)]
    said = await Timeline(database).page(customer, viewer=COMMAND_LINE, limit=10)
    exported = await CustomerData(database).gather(customer, now=marked.clock.now())
    tasks = await marked.stores.rows("SELECT id FROM task WHERE customer_id = :id", id=customer)
    log = [row async for row in marked.stores.history.export(viewer=COMMAND_LINE)]
    words = json.dumps([exported, log], ensure_ascii=False, default=str)
    return bool(found.messages or card or said or tasks or customer in listed or MARK in words)


async def test_no_byte_is_left_when_the_job_confirms(marked: Marked) -> None:
    customer = await marked.everywhere()
    # As the servers do by themselves: the planner's samples hold values as they are.
    await marked.stores.change("ANALYZE")
    assert await _is_seen(marked, customer)
    assert await marked.found_on_disk()

    erasure = await marked.erase(customer)

    assert erasure["state"] == "confirmed"
    assert await marked.found_on_disk() == []
    assert not await _is_seen(marked, customer)
    assert await marked.stores.rows("SELECT id FROM identity WHERE elder_since IS NOT NULL") == []
    report = json.loads(erasure["report"])
    assert report["kept"] == {"contents": 0}
    assert {"content", "identity", "task", "task_evidence", "attribution", "idempotency", "fact"} <= report[
        "went"
    ].keys()


async def test_others_stay_and_the_chain_verifies(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.erase(customer)

    [report] = await marked.verified()
    assert report.contents_destroyed > 70
    criteria = Criteria(words=read_words("天气"))
    found = await MessageSearch(marked.stores.database).page(criteria, viewer=COMMAND_LINE, limit=10)
    assert [said.person for said in found.messages] == ["bob"]


async def test_reading_the_log_anew_brings_nothing_back(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.erase(customer)

    await marked.stores.change("DELETE FROM cursor")
    await marked.read()

    assert not await _is_seen(marked, customer)
    assert await marked.found_on_disk() == []


async def test_whoever_writes_again_is_somebody_new(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.erase(customer)

    again = await marked.say("你好", answer="您好")

    assert again != customer
    card = await CustomerCards(marked.stores.database).card(again, viewer=COMMAND_LINE)
    assert card is not None
    assert [contact.person for contact in card.contacts] == [PERSON]


async def test_what_was_on_its_way_does_not_leave(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.erase(customer)

    states = await marked.stores.rows(
        "SELECT DISTINCT d.state, d.reason FROM delivery d JOIN identity i ON i.id = d.identity_id "
        "WHERE i.realm = 'erased' AND d.state <> 'sent'"
    )
    assert states == [{"state": "refused", "reason": "erased"}]


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_anywhere_only_delays_it(marked: Marked, point: str) -> None:
    customer = await marked.everywhere()

    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    number = await marked.ask(customer)
    with pytest.raises(Killed):
        await marked.job(probe=kill).run()
    await marked.job().run()

    row = await marked.stores.one("SELECT state FROM erasure WHERE id = :id", id=number)
    assert row["state"] == "confirmed"
    assert await marked.found_on_disk() == []
    await marked.verified()


async def test_a_legal_hold_freezes_out_of_sight_until_it_is_released(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.wishes.hold(COMMAND_LINE, customer, "court file 12")

    erasure = await marked.erase(customer)

    assert erasure["state"] == "confirmed"
    kept = json.loads(erasure["report"])["kept"]
    assert kept["class"] == "hold"
    assert kept["contents"] > 70
    assert not await _is_seen(marked, customer)
    assert await marked.found_on_disk()
    await marked.stores.change("ANALYZE")

    await marked.wishes.release(COMMAND_LINE, customer, "file closed")
    await marked.job().run()

    row = await marked.stores.one("SELECT state, report FROM erasure")
    assert (row["state"], json.loads(row["report"])["kept"]) == ("confirmed", {"contents": 0})
    assert await marked.found_on_disk() == []
    await marked.verified()


async def test_what_the_law_keeps_is_listed_with_its_reason_and_goes_when_its_time_is_over(marked: Marked) -> None:
    customer = await marked.everywhere(signal="我要投诉")

    erasure = await marked.erase(customer)

    kept = json.loads(erasure["report"])["kept"]
    assert kept["class"] == "complaint"
    assert "投诉" in kept["reason"]
    assert kept["contents"] > 70
    assert not await _is_seen(marked, customer)
    assert await marked.job().run() == 0

    await marked.stores.change("ANALYZE")
    await marked.clock.advance(LATER.total_seconds())
    assert await marked.job().run() == 1
    assert await marked.found_on_disk() == []


async def test_an_erasure_asked_for_twice_is_one(marked: Marked) -> None:
    customer = await marked.everywhere()
    first = await marked.wishes.erase(COMMAND_LINE, customer, "written request")
    assert await marked.wishes.erase(COMMAND_LINE, customer, "again") == first


async def test_the_list_outside_names_nobody(marked: Marked) -> None:
    customer = await marked.everywhere()
    await marked.erase(customer)
    words = (marked.home / "erasures.jsonl").read_text("utf-8")
    assert MARK not in words
    assert "openid" not in words
    assert json.loads(words.strip().splitlines()[-1])["erasure"] == 1


async def _twin(marked: Marked) -> tuple[int, int]:
    """Let the marked person write as two customers; return both, the older one first."""
    older = await marked.say("你好", person=f"second-{MARK}")
    return older, await marked.say(f"我是 {MARK}")


async def test_who_is_joined_with_another_before_the_job_looks_is_erased_all_the_same(marked: Marked) -> None:
    older, younger = await _twin(marked)
    number = await marked.ask(younger)
    await _join(marked, f"second-{MARK}", PERSON)
    await marked.job().run()
    row = await marked.stores.one("SELECT state, customer_id FROM erasure WHERE id = :id", id=number)

    assert (row["state"], row["customer_id"]) == ("confirmed", older)
    assert await marked.found_on_disk() == []


async def test_who_is_joined_while_the_job_begins_waits_for_its_next_round(marked: Marked) -> None:
    """The list outside must name every identity before one is taken away."""
    _, younger = await _twin(marked)
    number = await marked.ask(younger)
    outside = ErasureFile(marked.home / "erasures.jsonl")
    lock_away = LockAway(marked.stores.database, outside)
    [erasure] = await Erasures(marked.stores.database).to_do(now=marked.clock.now(), patience=marked.clock.now())
    await _join(marked, f"second-{MARK}", PERSON)
    await lock_away.lock(erasure, None, now=marked.clock.now())
    waiting = await marked.stores.one("SELECT state FROM erasure WHERE id = :id", id=number)
    await marked.job().run()

    assert waiting["state"] == "requested"
    names = (await outside.marks()).of("wx-realm", [PERSON, f"second-{MARK}", "bob"])
    assert names == {PERSON, f"second-{MARK}"}
    assert await marked.found_on_disk() == []


async def test_a_hold_outlives_the_join_of_who_is_held(marked: Marked) -> None:
    older, younger = await _twin(marked)
    await marked.wishes.hold(COMMAND_LINE, younger, "court file 12")
    await _join(marked, f"second-{MARK}", PERSON)
    erasure = await marked.erase(older)

    kept = json.loads(erasure["report"])["kept"]
    assert (kept["class"], kept["contents"] > 0) == ("hold", True)
    await marked.wishes.release(COMMAND_LINE, older, "file closed")
    await marked.job().run()
    assert await marked.found_on_disk() == []


async def test_who_asked_to_be_erased_is_not_merged_by_hand(marked: Marked) -> None:
    older, younger = await _twin(marked)
    await marked.ask(younger)
    for kept, gone in ((older, younger), (younger, older)):
        with pytest.raises(StorageError, match="asked to be erased"):
            await marked.stores.customers.merge(kept=kept, gone=gone, cause="c", now=marked.clock.now())


async def _join(marked: Marked, *people: str) -> None:
    for person in people:
        row = await marked.stores.one("SELECT id FROM identity WHERE external_id = :who", who=person)
        await marked.stores.customers.note_union_id(
            identity_id=row["id"], union_id=f"union-{MARK}", now=marked.clock.now()
        )
