"""Who is erased: their codes go for good, what they had not used ends, figures stay; their export had it all."""

from __future__ import annotations

from pathlib import Path

from bot.privacy import build_erasing, build_wishes
from bot.settings import Settings
from storage.customer_export import CustomerData
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Shelf, authored
from tests.fakes.handover_rooms import CONTENT


async def test_an_erased_customer_leaves_figures_and_no_code(shelf: Shelf, tmp_path: Path) -> None:
    benefit = await shelf.put(authored(title="洗牙", per_person=None), units=4)
    used, kept, others = [await shelf.code(benefit, person) for person in ("z1", "z1", "l1")]
    await shelf.moves.redeem(used, place="静安", key="", viewer=COMMAND_LINE, now=shelf.clock.now())
    data = await CustomerData(shelf.stores.database).gather(shelf.firm.customers["z1"], now=shelf.clock.now())
    assert [(row["code"], row["state"], row["redeemed_place"]) for row in data["benefits"]] == [
        (used, "redeemed", "静安"),
        (kept, "granted", None),
    ]

    settings = Settings(home=tmp_path)
    wishes = build_wishes(shelf.stores.database, settings=settings, clock=shelf.clock)
    await wishes.erase(COMMAND_LINE, shelf.firm.customers["z1"], "asked in writing")
    await shelf.clock.advance(300)
    job = build_erasing(shelf.stores.database, CONTENT.retention, settings=settings, clock=shelf.clock)
    assert await job.run() == 1

    rows = await shelf.stores.rows("SELECT code, holder, claim_key, reason FROM benefit_unit WHERE id IN (1, 2)")
    assert [set(row.values()) for row in rows] == [{None}, {None}]
    figures = await shelf.figures(benefit)
    assert (figures.redeemed, figures.expired, figures.granted, figures.available) == (1, 1, 1, 1)
    for code in (used, kept):
        found = await shelf.moves.redeem(code, place="浦东", key="", viewer=COMMAND_LINE, now=shelf.clock.now())
        assert found is not None
        assert found.turned is not None
        put = await shelf.stock.put_in(benefit.id, [code], viewer=COMMAND_LINE, now=shelf.clock.now())
        assert put is not None
        assert put.added == 0, "a code is never used again"
    theirs = await shelf.moves.redeem(others, place="静安", key="", viewer=COMMAND_LINE, now=shelf.clock.now())
    assert theirs is not None
    assert theirs.turned is None
