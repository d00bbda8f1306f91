"""Facts of customers who are joined, parted, exported and erased."""

from __future__ import annotations

import json
from pathlib import Path

from bot.privacy import build_erasing, build_wishes
from bot.settings import Settings
from content.attributes import Attribute, Attributes, Kind
from content.loader import load_content
from storage.customer_export import CustomerData
from storage.unmerge import Unmerge
from storage.viewer import COMMAND_LINE
from tests.contract.facts.conftest import Records


async def test_a_merge_unites_facts_and_its_undoing_restores_each_side(records: Records) -> None:
    z1, z2 = records.firm.customers["z1"], records.firm.customers["z2"]
    await records.bring(("openid", "person.city", "年龄"), ("z1", "上海", "30"), ("z2", "上海", ""))
    await records.bring(("customer", "有车"), (str(z2), "是"))
    await records.stores.customers.merge(kept=z1, gone=z2, cause="same", now=records.clock.now())
    joined = await records.known("z1")
    # Said while they were one, of the identity that goes back.
    await records.bring(("openid", "有房贷"), ("z2", "是"))
    both = await records.known("z1")
    await Unmerge(records.stores.database).undo(z2, cause="not the same", now=records.clock.now())

    assert joined == {"所在城市": "上海", "年龄": "30", "有车": "是"}
    assert both == joined | {"有房贷": "是"}
    assert await records.known("z1") == {"所在城市": "上海", "年龄": "30"}
    assert await records.known("z2") == {"所在城市": "上海", "有车": "是", "有房贷": "是"}


async def test_nothing_of_a_merged_customer_is_left_under_the_old_number(records: Records) -> None:
    z1, z2 = records.firm.customers["z1"], records.firm.customers["z2"]
    await records.bring(("customer", "person.city"), (str(z2), "上海"))
    await records.stores.customers.merge(kept=z1, gone=z2, cause="same", now=records.clock.now())
    report = await records.bring(("customer", "person.city"), (str(z2), "北京"))

    assert (report.used, report.bad[0].why) == (0, "没有这位客户，或不在您的查看范围内")
    assert {row["customer_id"] for row in await records.stores.rows("SELECT customer_id FROM fact_current")} == {z1}


async def test_what_was_sensitive_stays_so_when_its_attribute_is_authored_no_more(records: Records) -> None:
    await records.say("z1", "sensitive", "granted")
    await records.bring(("openid", "子女年龄"), ("z1", "5"))
    later = records.with_attributes(Attributes(by_key={}))
    before = await later.of(COMMAND_LINE, records.firm.customers["z1"])
    await records.say("z1", "sensitive", "withdrawn")

    assert [each.text for each in before or []] == ["4-6"]
    assert await later.of(COMMAND_LINE, records.firm.customers["z1"]) == []


async def test_a_number_that_is_nobodys_business_is_masked_whatever_it_was_called(records: Records) -> None:
    phone = Attribute(label="电话", kind=Kind.INTEGER)
    await records.bring(("openid", "phone"), ("z1", "13800138000"), attributes=Attributes(by_key={"phone": phone}))
    for attributes in ({"phone": phone}, {}):
        reading = records.with_attributes(Attributes(by_key=attributes))
        [shown] = await reading.of(COMMAND_LINE, records.firm.customers["z1"]) or []
        assert json.loads(shown.fact.value.json) == shown.text == "138****8000"


async def test_the_export_shows_every_statement_and_where_it_stands(records: Records) -> None:
    await records.bring(("openid", "person.city"), ("z1", "上海"))
    await records.bring(("openid", "person.city"), ("z1", "北京"))
    found = await CustomerData(records.stores.database).gather(records.firm.customers["z1"], now=records.clock.now())

    assert [(fact["attribute"], fact["value"], fact["evidence"]["row"]) for fact in found["facts"]] == [
        ("person.city", "上海", 2),
        ("person.city", "北京", 2),
    ]


async def test_who_is_parted_keeps_what_was_said_of_their_identity_when_the_other_is_erased(
    records: Records, tmp_path: Path
) -> None:
    z1, z2 = records.firm.customers["z1"], records.firm.customers["z2"]
    database, clock = records.stores.database, records.clock
    await records.stores.customers.merge(kept=z1, gone=z2, cause="same", now=clock.now())
    await records.bring(("openid", "person.city"), ("z1", "上海"), ("z2", "北京"))
    await Unmerge(database).undo(z2, cause="not the same", now=clock.now())
    settings = Settings(home=tmp_path)
    await build_wishes(database, settings=settings, clock=clock).erase(COMMAND_LINE, z1, "asked in writing")
    job = build_erasing(database, load_content(None).retention, settings=settings, clock=clock)
    await clock.advance(3600)
    await job.run()

    assert {row["customer_id"] for row in await records.stores.rows("SELECT customer_id FROM fact_current")} == {z2}
    assert await records.known("z2") == {"所在城市": "北京"}
    assert await records.stores.count("fact") == 1
