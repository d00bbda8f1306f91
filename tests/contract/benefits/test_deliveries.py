"""Units that a message carries: granted when it arrived, given back when it did not, never lost and never twice."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from handlers.delivery.errors import ChannelError, OutcomeUnknown, Rejected, Unreachable
from storage.benefit_erasing import destroy_codes, end_units
from storage.benefit_reserving import Refusal
from storage.benefit_ticks import BenefitTicks
from storage.connection import Connection
from storage.deliveries import Deliveries
from storage.tables.delivery import DeliveryState
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Shelf, authored
from tests.fakes.channel import ScriptedChannel
from tests.fakes.sending import claim, official, send_due, sender_of


async def _state(shelf: Shelf, unit_id: int | Refusal) -> str:
    assert isinstance(unit_id, int)
    return str((await shelf.stores.one("SELECT state FROM benefit_unit WHERE id = :id", id=unit_id))["state"])


async def _send(shelf: Shelf, *answers: ChannelError, holder: str = "worker-1") -> int:
    channel = ScriptedChannel()
    channel.will(*answers)
    account_id = shelf.firm.account.id
    sender = sender_of(shelf.stores, shelf.clock, {account_id: official(channel)}, holder=holder)
    await send_due(sender)
    return len(channel.calls)


async def test_a_unit_is_granted_with_the_message_that_carries_it(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(valid_days=30))
    delivery_id = await shelf.post(shelf.firm.account, "z1")
    unit = await shelf.reserve(benefit, "z1", delivery_id)
    assert await _state(shelf, unit) == "reserved"
    assert (await shelf.figures(benefit)).available == 2
    assert await _send(shelf) == 1
    assert await _state(shelf, unit) == "granted"
    [mine] = await shelf.claims.of(await shelf.identity("z1"), now=shelf.clock.now())
    assert mine.unit.expires_at is not None
    assert mine.unit.granted_at == shelf.clock.now()


@pytest.mark.parametrize("error", [Rejected("no"), Unreachable("gone")], ids=["failed", "unreachable"])
async def test_a_message_that_does_not_go_gives_its_unit_back_whole(shelf: Shelf, error: ChannelError) -> None:
    benefit = await shelf.put()
    unit = await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    await _send(shelf, error)
    assert await _state(shelf, unit) == "available"
    row = await shelf.stores.one("SELECT identity_id, delivery_id, holder, reserved_at FROM benefit_unit WHERE id = 1")
    assert set(row.values()) == {None}
    assert (await shelf.granted(benefit, "l1")).unit.id == unit


async def test_what_the_governor_refuses_gives_its_unit_back(shelf: Shelf) -> None:
    benefit = await shelf.put()
    unit = await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    await shelf.stores.change("UPDATE reach SET unreachable = 'blocked'")
    assert await _send(shelf) == 0
    assert (await shelf.stores.one("SELECT state FROM delivery"))["state"] == "refused"
    assert await _state(shelf, unit) == "available"


@pytest.mark.parametrize(("word", "becomes"), [("sent", "granted"), ("failed", "available")])
async def test_an_unknown_message_keeps_its_unit_until_a_person_says_what_became_of_it(
    shelf: Shelf, word: str, becomes: str
) -> None:
    benefit = await shelf.put()
    delivery_id = await shelf.post(shelf.firm.account, "z1")
    unit = await shelf.reserve(benefit, "z1", delivery_id)
    await _send(shelf, OutcomeUnknown("cut"))
    ticks = BenefitTicks(shelf.stores.database)
    assert await ticks.follow(now=shelf.clock.now()) == 0
    assert await _state(shelf, unit) == "reserved"
    await Deliveries(shelf.stores.database).settle(delivery_id, DeliveryState(word), by="wu", now=shelf.clock.now())
    assert await _state(shelf, unit) == becomes


async def test_a_worker_that_dies_loses_no_unit(shelf: Shelf) -> None:
    benefit = await shelf.put()
    unit = await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    await claim(shelf.stores, shelf.clock, holder="dead")
    assert await _send(shelf) == 0
    assert await _state(shelf, unit) == "reserved"
    await shelf.clock.advance(31)
    assert await _send(shelf, holder="worker-2") == 1
    assert await _state(shelf, unit) == "granted"


async def test_what_nobody_looked_after_is_found_by_the_round(shelf: Shelf) -> None:
    benefit = await shelf.put()
    units = [await shelf.reserve(benefit, who, await shelf.post(shelf.firm.account, who)) for who in ("z1", "l1")]
    await shelf.stores.change("UPDATE delivery SET state = 'refused' WHERE id = 1")
    await shelf.stores.change("UPDATE delivery SET state = 'sent' WHERE id = 2")
    ticks = BenefitTicks(shelf.stores.database)
    assert [await ticks.follow(now=shelf.clock.now()) for _ in range(2)] == [2, 0]
    assert [await _state(shelf, unit) for unit in units] == ["available", "granted"]


async def test_a_transaction_that_is_taken_back_takes_the_reservation_back(shelf: Shelf) -> None:
    benefit = await shelf.put(units=1)
    delivery_id = await shelf.post(shelf.firm.account, "z1")

    async def fail(connection: Connection) -> None:
        await connection.execute(text("UPDATE delivery SET state = state"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await shelf.stores.database.write(fail)
    assert isinstance(await shelf.reserve(benefit, "z1", delivery_id), int)
    assert await shelf.reserve(benefit, "l1", await shelf.post(shelf.firm.account, "l1")) is Refusal.SOLD_OUT


async def test_a_reserved_unit_counts_against_the_limit(shelf: Shelf) -> None:
    benefit = await shelf.put()
    await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    assert await shelf.claim(benefit, "z1") is Refusal.PERSON_LIMIT


async def test_who_is_erased_gives_back_what_is_reserved_and_can_use_nothing_any_more(shelf: Shelf) -> None:
    benefit, other = await shelf.put(), await shelf.put(authored("other"))
    unit = await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    granted = (await shelf.granted(other, "z1")).unit.id
    identity = await shelf.identity("z1")
    await shelf.stores.database.write(lambda connection: end_units(connection, [identity], now=shelf.clock.now()))
    assert [await _state(shelf, each) for each in (unit, granted)] == ["available", "expired"]


async def test_who_is_erased_may_know_the_code_of_a_message_that_may_have_left_so_nobody_else_gets_it(
    shelf: Shelf,
) -> None:
    benefit = await shelf.put(units=1)
    unit = await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    await _send(shelf, OutcomeUnknown("cut"))
    identity = await shelf.identity("z1")
    await shelf.stores.database.write(lambda connection: end_units(connection, [identity], now=shelf.clock.now()))
    assert await _state(shelf, unit) == "expired"
    assert await shelf.claim(benefit, "l1") is Refusal.SOLD_OUT


async def test_what_somebody_wrote_about_why_goes_with_the_person(shelf: Shelf) -> None:
    benefit, other = await shelf.put(), await shelf.put(authored("other"))
    now = shelf.clock.now()
    code = await shelf.code(benefit, "z1")
    await shelf.moves.expire(code, reason="王女士住院，改日再来", viewer=COMMAND_LINE, now=now)
    await shelf.granted(other, "z1")
    identity = await shelf.identity("z1")
    await shelf.stores.database.write(lambda connection: end_units(connection, [identity], now=now))
    await shelf.stores.database.write(lambda connection: destroy_codes(connection, [identity]))
    rows = await shelf.stores.rows("SELECT code, reason FROM benefit_unit WHERE identity_id IS NOT NULL ORDER BY id")
    assert [(row["code"], row["reason"]) for row in rows] == [(None, None), (None, None)]
