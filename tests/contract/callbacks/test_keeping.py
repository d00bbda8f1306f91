"""What was answered: nobody changes it, staff see it within their scope, the law keeps it for its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from bot.people import build_people
from bot.privacy import build_erasing, build_expiring, build_own_data, build_wishes
from bot.settings import Settings
from handlers.people.rights import Forbidden
from storage.errors import StorageError
from storage.viewer import COMMAND_LINE
from tests.contract.callbacks.caller import IDS, Caller
from tests.fakes.handover_rooms import CONTENT

_YEAR = 366 * 86400.0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE callback_answer SET value = 'yes', label = '知道'",
        "UPDATE callback_answer SET text = 'another question'",
        "UPDATE callback_answer SET at = at + 1",
        "DELETE FROM callback_answer",
    ],
)
async def test_the_database_itself_refuses_to_change_an_answer_or_to_drop_one(caller: Caller, statement: str) -> None:
    await caller.begin("z1")
    await caller.says("z1", "不清楚")
    before = await caller.stores.rows("SELECT * FROM callback_answer")
    with pytest.raises((StorageError, DBAPIError), match="an answer of a call-back"):
        await caller.stores.change(statement)
    assert await caller.stores.rows("SELECT * FROM callback_answer") == before
    assert len(before) == 1


async def test_staff_see_question_answer_and_version_and_leave_a_row(caller: Caller, tmp_path: Path) -> None:
    await caller.begin("z1")
    await caller.says("z1", "不清楚")
    people = build_people(caller.stores.database, clock=caller.house.clock, settings=Settings(home=tmp_path))
    customer = caller.firm.customers["z1"]

    found = await people.callbacks.of(await caller.firm.viewer("sun"), customer)

    assert found is not None
    [seen] = found
    assert (seen.policy, seen.holder, seen.edition) == ("0001", "", CONTENT.callback.edition)
    [given] = seen.answers
    assert (given.question, given.text, given.label) == (IDS[0], CONTENT.callback.questions[0].text, "不清楚")
    assert given.is_doubt
    rows = await caller.stores.rows("SELECT subject_id, viewer FROM audit_entry WHERE subject = 'callbacks'")
    assert [(row["subject_id"], row["viewer"]) for row in rows] == [(customer, "Sun")]
    assert await people.callbacks.of(await caller.firm.viewer("wang"), customer) is None
    for userid in ("qian", "zhou", "zheng", "admin"):
        with pytest.raises(Forbidden):
            await people.callbacks.of(await caller.firm.viewer(userid), customer)


async def test_customers_export_what_they_answered(caller: Caller, tmp_path: Path) -> None:
    await caller.begin("z1")
    await caller.says("z1", "不清楚")
    settings = Settings(home=tmp_path, console={"public_url": "https://bot.example"})
    own = build_own_data(caller.stores.database, settings=settings, clock=caller.house.clock)
    link = await own.link(caller.firm.customers["z1"])
    assert link is not None
    data = await own.download(link.rpartition("/")[2])
    assert data is not None
    [given] = data["callbacks"]
    assert (given["text"], given["label"]) == (CONTENT.callback.questions[0].text, "不清楚")
    assert (given["edition"], given["policy"]) == (CONTENT.callback.edition, "P20260001")


class Forgetting:
    """The jobs that forget people."""

    def __init__(self, caller: Caller, home: Path, **law: Any) -> None:
        self._caller = caller
        kept = CONTENT.retention.callbacks.model_copy(update=law)
        retention = CONTENT.retention.model_copy(update={"callbacks": kept})
        database, clock, settings = caller.stores.database, caller.house.clock, Settings(home=home)
        self.wishes = build_wishes(database, settings=settings, clock=clock)
        self._job = build_erasing(database, retention, settings=settings, clock=clock)
        self.expiring = build_expiring(database, retention, clock=clock)

    async def forget(self, person: str) -> dict[str, Any]:
        """Erase somebody; return what the report says is kept."""
        number = await self.wishes.erase(COMMAND_LINE, self._caller.firm.customers[person], "asked in writing")
        await self._caller.house.clock.advance(300)
        assert await self._job.run() == 1
        return await self.kept(number)

    async def kept(self, number: int) -> dict[str, Any]:
        [row] = [each for each in await self.wishes.erasures(COMMAND_LINE, limit=9) if each.id == number]
        kept: dict[str, Any] = row.report["kept"]
        return kept

    async def run(self) -> int:
        return await self._job.run()


async def test_the_law_keeps_answers_of_who_is_erased_for_its_time(caller: Caller, tmp_path: Path) -> None:
    await caller.begin("z1")
    await caller.finish("z1")
    await caller.begin("z2")
    job = Forgetting(caller, tmp_path)

    kept = await job.forget("z1")

    law = CONTENT.retention.callbacks
    assert kept["callbacks"] == {"rounds": 1, "reason": law.reason, "years": 10}
    assert await caller.stores.count("callback_answer") == 5
    # By the policy's number it is found; who the holder is, the source is not asked by it any more.
    rows = await caller.stores.rows("SELECT policy, holder FROM callback ORDER BY id")
    assert [(row["policy"], row["holder"]) for row in rows] == [("P20260001", ""), ("P20260001", "H1")]
    await caller.house.clock.advance(9 * _YEAR)
    await job.expiring.run()
    assert await caller.stores.count("callback_answer") == 5
    await caller.house.clock.advance(1.1 * _YEAR)
    await job.expiring.run()
    assert await caller.stores.count("callback_answer") == 0
    # Of who is a customer still nothing goes.
    assert len(await caller.rounds("z2")) == 1
    assert await caller.stores.count("callback") == 1


async def test_what_the_law_does_not_keep_goes_with_the_person_unless_it_is_held(
    caller: Caller, tmp_path: Path
) -> None:
    for person in ("z1", "l1", "w1"):
        await caller.begin(person)
        await caller.says(person, "是")
    job = Forgetting(caller, tmp_path, keep_years=0)

    assert "callbacks" not in await job.forget("z1")
    assert await caller.stores.count("callback_answer") == 2
    await job.wishes.hold(COMMAND_LINE, caller.firm.customers["l1"], "court file 12")
    assert (await job.forget("l1"))["callbacks"]["rounds"] == 1
    await job.expiring.run()
    assert await caller.stores.count("callback_answer") == 2
    await job.wishes.release(COMMAND_LINE, caller.firm.customers["l1"], "the court is done")
    await job.run()
    assert await caller.stores.count("callback_answer") == 1
    assert len(await caller.rounds("w1")) == 1


async def test_more_rounds_go_in_one_night_than_a_statement_takes_numbers(caller: Caller, tmp_path: Path) -> None:
    await caller.begin("z1")
    await caller.finish("z1")
    job = Forgetting(caller, tmp_path)
    await job.forget("z1")
    copied = (
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 33000) "
        "INSERT INTO callback (identity_id, holder, policy, product, edition, state, begun_at, ended_at) "
        "SELECT identity_id, '', policy, product, edition, state, begun_at, ended_at FROM callback, numbers"
    )
    await caller.stores.change(copied)
    assert await caller.stores.count("callback") == 33_001
    await caller.house.clock.advance(11 * _YEAR)
    await job.expiring.run()
    assert await caller.stores.count("callback") == 0
