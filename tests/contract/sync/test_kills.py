"""A run that is killed again and again comes to the same end as one that is not, and counts nothing twice."""

from __future__ import annotations

from typing import Any

from tests.contract.sync.house import House
from tests.fakes.clock import ManualClock
from tests.fakes.registers import Followers
from tests.fakes.stores import OpenStores

_PEOPLE = [f"o{number}" for number in range(8)]


class Killed(Exception):
    """The process is gone."""


class Deadly(Followers):
    """Kills whoever asks something for the first time, before it is answered; the next process gets the answer."""

    def __init__(self, *people: str) -> None:
        super().__init__(*people)
        self._asked: set[str] = set()
        self.kills = 0

    def _called(self, name: str, about: str) -> None:
        super()._called(name, about)
        if (word := f"{name} {about}") not in self._asked:
            self._asked.add(word)
            self.kills += 1
            raise Killed(word)


async def _carry_through(house: House, clock: ManualClock) -> Any:
    """Let process after process take the run up until it is done; each is killed at something new."""
    pieces = 0

    async def kill_after(_seconds: float) -> None:
        # The piece is written: whoever comes next must not write it again.
        nonlocal pieces
        pieces += 1
        raise Killed(f"after piece {pieces}")

    house.pause = kill_after
    run = None
    for attempt in range(60):
        try:
            run = await (house.sync_followers() if attempt == 0 else house.resume(holder=f"process-{attempt}"))
        except Killed:
            await clock.advance(181)
            continue
        return run, pieces
    raise AssertionError("the run does not end")


async def test_killed_at_every_question_and_after_every_piece(
    house: House, stores: OpenStores, clock: ManualClock
) -> None:
    house.followers = Deadly(*_PEOPLE)
    house.followers.tagging = {"车险客户": ["o1", "o5"], "旧": ["o2"]}
    run, pieces = await _carry_through(house, clock)

    assert (run.state, run.seen, run.new, run.changed, run.gone, run.tagged) == ("finished", 8, 8, 0, 0, 3)
    assert (pieces, house.followers.kills > 8) == (7, True), "pieces of people, tags kept, tags lost, and four ends"
    assert await house.follows() == dict.fromkeys(_PEOPLE, True)
    assert await house.tagged() == {("车险客户", "o1"), ("车险客户", "o5"), ("旧", "o2")}
    assert [await stores.count(name) for name in ("customer", "identity", "conversation", "sync_run")] == [8, 8, 8, 1]
    assert len(await house.found(run)) == 8 + 2


async def test_a_changed_world_is_reconciled_through_the_same_kills(
    house: House, stores: OpenStores, clock: ManualClock
) -> None:
    house.followers.people = list(_PEOPLE)
    house.followers.tagging = {"车险客户": ["o1", "o5"]}
    await house.sync_followers()
    await clock.advance(3600)
    house.followers = Deadly(*_PEOPLE[2:], "new")
    house.followers.tagging = {"车险客户": ["o5", "o6"]}
    run, _ = await _carry_through(house, clock)

    assert (run.new, run.changed, run.gone, run.tagged, run.untagged) == (1, 0, 2, 1, 1)
    assert {who for who, follows in (await house.follows()).items() if follows} == {*_PEOPLE[2:], "new"}
