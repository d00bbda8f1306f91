"""A code is redeemed once; what was done is told, not done again; what ended stays ended."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from storage.benefit_moves import Exchanged, Moved, Turned
from storage.benefit_reserving import Refusal
from storage.benefit_ticks import BenefitTicks
from storage.tables.benefits import UnitState
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Shelf, authored


async def _redeem(shelf: Shelf, code: str, *, place: str = "静安", key: str = "") -> Moved | None:
    return await shelf.moves.redeem(code, place=place, key=key, viewer=COMMAND_LINE, now=shelf.clock.now())


async def test_a_code_is_redeemed_however_it_is_typed_and_a_second_time_is_told_of_the_first(shelf: Shelf) -> None:
    code = await shelf.code(await shelf.put(), "z1")
    first = await _redeem(shelf, f" {code.lower().replace('-', ' ')} ")
    assert first is not None
    assert (first.turned, first.unit.state) == (None, UnitState.REDEEMED)

    at = shelf.clock.now()
    await shelf.clock.advance(3600)
    second = await _redeem(shelf, code, place="浦东")
    assert second is not None
    assert (second.turned, second.unit.redeemed_at, second.unit.redeemed_place) == (Turned.REDEEMED, at, "静安")
    deeds = await shelf.stores.rows("SELECT action FROM audit_entry WHERE subject = 'benefit_unit'")
    assert [row["action"] for row in deeds] == ["redeemed"]


async def test_of_many_who_redeem_one_code_at_once_one_does(shelf: Shelf) -> None:
    code = await shelf.code(await shelf.put(), "z1")
    found = await asyncio.gather(*(_redeem(shelf, code, place=f"店{n}") for n in range(8)))
    assert sorted(str(each.turned) for each in found if each is not None) == ["None", *["redeemed"] * 7]


async def test_the_same_word_of_a_desk_finds_its_redemption_done(shelf: Shelf) -> None:
    code = await shelf.code(await shelf.put(), "z1")
    answers = [await _redeem(shelf, code, key=key) for key in ("1:a", "1:a", "1:b", "2:a")]
    assert [None if each is None else each.turned for each in answers] == [None, None, *[Turned.REDEEMED] * 2]


async def test_what_nobody_was_granted_and_what_is_unknown_are_answered_alike_and_noted(shelf: Shelf) -> None:
    await shelf.put()
    unclaimed = (await shelf.stores.rows("SELECT code FROM benefit_unit ORDER BY id"))[0]["code"]
    assert [await _redeem(shelf, code) for code in (unclaimed, "NO-SUCH-CODE")] == [None, None]
    noted = await shelf.stores.rows("SELECT action FROM audit_entry WHERE subject = 'benefit_unit'")
    assert [row["action"] for row in noted] == ["missed", "missed"]


async def test_a_reversed_code_is_dead_and_its_person_may_claim_again(shelf: Shelf) -> None:
    benefit = await shelf.put()
    code = await shelf.code(benefit, "z1")
    now = shelf.clock.now()
    early = await shelf.moves.reverse(code, reason="误核销", viewer=COMMAND_LINE, now=now)
    assert early is not None
    assert early.turned is Turned.NOT_REDEEMED
    await _redeem(shelf, code)
    for _ in range(2):
        back = await shelf.moves.reverse(code, reason="误核销", viewer=COMMAND_LINE, now=now)
        assert back is not None
        assert (back.turned, back.unit.state) == (None, UnitState.REVERSED)
    other = await shelf.moves.reverse(code, reason="another", viewer=COMMAND_LINE, now=now)
    again = await _redeem(shelf, code)
    assert [None if each is None else each.turned for each in (other, again)] == [Turned.REVERSED] * 2
    await shelf.granted(benefit, "z1")


async def test_after_its_last_day_a_code_expires_whoever_comes_first(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(valid_until=date(2026, 5, 7), per_person=None), units=3)
    at_the_desk, by_the_tick = [await shelf.code(benefit, "z1") for _ in range(2)]
    await shelf.clock.advance(timedelta(days=1, hours=13, minutes=59).total_seconds())
    used = await shelf.code(benefit, "z1")
    found = await _redeem(shelf, used)
    assert found is not None
    assert found.turned is None
    await shelf.clock.advance(60)
    late = await _redeem(shelf, at_the_desk)
    assert late is not None
    assert (late.turned, late.unit.state) == (Turned.EXPIRED, UnitState.EXPIRED)
    ticks = BenefitTicks(shelf.stores.database)
    assert [await ticks.expire(now=shelf.clock.now()) for _ in range(2)] == [1, 0]
    too_late = await _redeem(shelf, by_the_tick)
    assert too_late is not None
    assert too_late.turned is Turned.EXPIRED


async def test_one_can_be_ended_before_its_time_and_not_after_it_was_used(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(per_person=None))
    code, used = [await shelf.code(benefit, "z1") for _ in range(2)]
    await _redeem(shelf, used)
    ended = await shelf.moves.expire(code, reason="停办", viewer=COMMAND_LINE, now=shelf.clock.now())
    kept = await shelf.moves.expire(used, reason="停办", viewer=COMMAND_LINE, now=shelf.clock.now())
    assert ended is not None
    assert (ended.turned, ended.unit.state, ended.unit.reason) == (None, UnitState.EXPIRED, "停办")
    assert kept is not None
    assert kept.turned is Turned.REDEEMED


async def test_an_exchange_gives_one_for_one_counts_nothing_twice_and_is_done_once(shelf: Shelf) -> None:
    checkup, dentist = await shelf.put(authored("checkup")), await shelf.put(authored("dentist"), units=1)
    code = await shelf.code(checkup, "z1")
    answers = [
        await shelf.moves.exchange(code, dentist.id, viewer=COMMAND_LINE, now=shelf.clock.now()) for _ in range(2)
    ]
    for found in answers:
        assert isinstance(found, Exchanged)
        assert found.old.unit.state is UnitState.REVERSED
        assert found.new.unit.state is UnitState.GRANTED
    mine = await shelf.claims.of(await shelf.identity("z1"), now=shelf.clock.now())
    assert [each.benefit.key for each in mine] == ["dentist"]
    await shelf.granted(checkup, "z1")


async def test_an_exchange_that_is_refused_leaves_everything_as_it_was(shelf: Shelf) -> None:
    checkup, dentist = await shelf.put(authored("checkup")), await shelf.put(authored("dentist"), units=1)
    await shelf.granted(dentist, "l1")
    code = await shelf.code(checkup, "z1")
    refused = await shelf.moves.exchange(code, dentist.id, viewer=COMMAND_LINE, now=shelf.clock.now())
    assert refused is Refusal.SOLD_OUT
    found = await _redeem(shelf, code)
    assert found is not None
    assert found.turned is None


async def test_codes_of_a_supplier_are_put_in_once(shelf: Shelf) -> None:
    first, second = await shelf.put(authored("a"), units=0), await shelf.put(authored("b"), units=0)
    now = shelf.clock.now()
    put = await shelf.stock.put_in(first.id, ["A-100", "A-101", "a 100"], viewer=COMMAND_LINE, now=now)
    again = await shelf.stock.put_in(second.id, ["A-101", "A-102"], viewer=COMMAND_LINE, now=now)
    assert put is not None
    assert (put.added, put.known) == (2, (2,))
    assert again is not None
    assert (again.added, again.known) == (1, (0,))
    assert [(await shelf.figures(each)).total for each in (first, second)] == [2, 1]


async def test_stock_is_raised_to_a_number_and_no_further(shelf: Shelf) -> None:
    benefit = await shelf.put(units=0)
    codes = iter(range(10_000))

    async def raise_to(total: int) -> int | None:
        make = lambda: f"C-{next(codes) // 2:05}"  # noqa: E731 - every code comes twice
        return await shelf.stock.raise_to(benefit.id, total, make, viewer=COMMAND_LINE, now=shelf.clock.now())

    assert [await raise_to(total) for total in (7, 7, 3, 9)] == [7, 0, 0, 2]
    assert (await shelf.figures(benefit)).available == 9
