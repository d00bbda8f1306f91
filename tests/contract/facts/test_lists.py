"""Lists: whose rows they are, what is taken down, what is told of the rest; twice is once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Select, text

from content.facts import Source
from content.rights import Permission
from handlers.facts.sheets import ListRefused, Sheet
from handlers.people.rights import Forbidden
from storage.errors import StorageError
from storage.fact_lists import FactLists, KeyKind, matching
from storage.fact_rows import merged_into
from storage.viewer import COMMAND_LINE, Viewer
from tests.contract.facts.conftest import Records
from tests.fakes.stores import OpenStores


async def test_a_row_finds_its_customer_by_each_kind_of_number(records: Records) -> None:
    z1, z2 = records.firm.customers["z1"], records.firm.customers["z2"]
    change = records.stores.change
    await change("UPDATE identity SET union_id = 'u-l1' WHERE external_id = 'l1'")
    await change("INSERT INTO policy_binding (customer_id, holder, bound_at, cause) VALUES (:c, 'H1', 1, 'chat')", c=z2)
    await records.bring(("客户编号", "所在城市"), (str(z1), "上海"))
    await records.bring(("openid", "person.city"), ("w1", "北京"))
    await records.bring(("unionid", "person.city"), ("u-l1", "广州"))
    await records.bring(("投保人编号", "person.city", "#姓名"), ("H1", "深圳", "不读"))

    assert [(await records.known(person))["所在城市"] for person in ("z1", "w1", "l1", "z2")] == [
        "上海",
        "北京",
        "广州",
        "深圳",
    ]


async def test_the_same_list_again_changes_nothing_and_another_month_observes_anew(records: Records) -> None:
    rows = (("openid", "person.city", "need.product"), ("z1", "上海", "重疾险;医疗险"))
    first = await records.bring(*rows)
    before = await records.stores.rows("SELECT * FROM fact_current ORDER BY attribute, value")
    await records.clock.advance(40 * 86400)
    again = await records.bring(*rows)
    same = await records.stores.rows("SELECT * FROM fact_current ORDER BY attribute, value")
    other = await records.bring(*rows, ("z2", "上海", ""))

    assert (first.new, first.was_known, again.new, again.was_known, again.as_of) == (3, False, 0, True, first.as_of)
    assert same == before
    assert (other.new, await records.stores.count("fact")) == (4, 7)
    assert await records.known("z1") == {"所在城市": "上海", "需求险种": "医疗险"}


async def test_a_list_that_was_killed_midway_goes_on(records: Records) -> None:
    rows = [("openid", "person.city"), *((person, "上海") for person in ("z1", "z2", "l1"))]
    half = await records.bring(*rows[:2])
    # As a kill leaves it: the list is known, its first row is taken down.
    whole = await records.bring(*rows)
    await records.stores.change("DELETE FROM fact_current")

    assert (half.new, whole.new) == (1, 3)
    again = await records.bring(*rows, ("w1", "北京"))
    assert again.new == 4
    assert (await records.stores.one("SELECT count(DISTINCT customer_id) AS n FROM fact_current"))["n"] == 4


async def test_what_cannot_be_used_is_named_by_row_and_column_and_the_rest_is_used(records: Records) -> None:
    report = await records.bring(
        ("openid", "所在城市", "年龄", "有车"),
        ("z1", "上海", "三十", "是"),
        ("nobody-at-all", "上海", "", ""),
        ("", "上海", "", ""),
        ("", "", "", ""),
        ("z2", "=1+1", "30", "否"),
    )

    assert [str(cell) for cell in report.bad] == [
        "第 2 行“年龄”：三十 不是数字；写一个数字",
        "第 4 行“openid”：没有写是哪位客户；改正后重新导入，已经导入的行不受影响",
        "第 6 行“所在城市”：这是公式或以等号开头的文字：=1+1；把公式换成它的结果",
        "第 3 行“openid”：没有这位客户，或不在您的查看范围内；核对编号；没有来过的客户要先关注或写过消息",
    ]
    assert (report.rows, report.used, report.new, report.bad_count) == (5, 2, 4, 4)
    assert await records.known("z1") == {"所在城市": "上海", "有车": "是"}


async def test_a_comma_inside_of_a_value_does_not_push_the_others_into_wrong_columns(records: Records) -> None:
    report = await records.bring(
        ("openid", "年龄", "所在城市"), ("z1", "1", "000", "上海"), ("z2", "30", "北京", "", " "), ("l1", "40")
    )

    assert [str(cell) for cell in report.bad] == [
        "第 2 行“openid”：有 4 格，列名只有 3 个，这一行没有使用；含逗号的值加上引号，或删掉多出来的格子"
    ]
    assert (await records.known("z1"), (await records.known("z2"))["所在城市"]) == ({}, "北京")


async def test_a_list_that_breaks_off_later_says_how_much_of_it_was_used(records: Records) -> None:
    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        yield 1, ("openid", "person.city")
        for number in range(2, 152):
            yield number, ("z1", "上海")
        raise ListRefused("broken")

    sheet = Sheet(name="list.csv", digest=b"b" * 32, rows=rows())
    with pytest.raises(ListRefused, match="broken") as told:
        await records.bring_sheet(sheet)

    # Rows are used a hundred at a time.
    assert told.value.taken == 100
    assert await records.known("z1") == {"所在城市": "上海"}


async def test_a_number_of_several_people_is_nobodys(records: Records) -> None:
    for person in ("z1", "z2"):
        await records.stores.change(
            "INSERT INTO policy_binding (customer_id, holder, bound_at, cause) VALUES (:c, 'H1', 1, 'chat')",
            c=records.firm.customers[person],
        )
    report = await records.bring(("holder", "person.city"), ("H1", "上海"))

    assert (report.new, report.bad[0].why) == (0, "这个编号属于几位客户")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (("姓名", "person.city"), "要有且只有一列说明是哪位客户"),
        (("openid", "customer", "person.city"), "现在有 2 列"),
        (("openid", "星座"), "没有“星座”这一项资料"),
        (("openid", "person.city", "所在城市"), "是同一项资料"),
        (("openid", "#星座"), "没有任何一列资料"),
    ],
)
async def test_a_header_that_is_not_understood_refuses_the_whole_list(
    records: Records, header: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ListRefused, match=why):
        await records.bring(header, ("z1", "上海", "上海"))
    assert await records.stores.count("fact_list") == 0


async def test_sensitive_facts_wait_for_the_consent_and_go_with_it(records: Records) -> None:
    rows = (("openid", "子女年龄", "所在城市"), ("z1", "5", "上海"))
    early = await records.bring(*rows)
    await records.say("z1", "sensitive", "granted")
    late = await records.bring(*rows)
    known = await records.known("z1")
    await records.say("z1", "sensitive", "withdrawn")

    assert (early.new, early.bad[0].column, early.bad[0].why) == (1, "子女年龄", "这一项要客户单独同意，他还没有同意")
    assert (late.new, late.bad, known) == (1, (), {"子女年龄": "4-6", "所在城市": "上海"})
    assert await records.known("z1") == {"所在城市": "上海"}


async def test_who_refused_a_profile_gets_none(records: Records) -> None:
    await records.bring(("openid", "person.city"), ("z1", "上海"))
    await records.say("z1", "profile", "withdrawn")
    report = await records.bring(("openid", "person.city"), ("z1", "北京"))

    assert (report.new, report.bad[0].why) == (0, "客户不同意建立资料")
    assert await records.known("z1") == {}


async def test_a_list_reaches_no_further_than_whoever_brings_it_in(records: Records) -> None:
    manager = await records.firm.viewer("qian")
    rows = (("openid", "person.city"), ("z1", "上海"), ("b1", "北京"), ("nobody's", "广州"))
    report = await records.bring(*rows, viewer=manager)

    assert (report.used, [cell.row for cell in report.bad]) == (1, [3, 4])
    assert (await records.known("z1"), await records.known("b1")) == ({"所在城市": "上海"}, {})
    with pytest.raises(Forbidden):
        await records.bring(*rows, viewer=await records.firm.viewer("zhang"))


async def test_sources_of_like_weight_dispute_each_other(records: Records) -> None:
    await records.bring(("openid", "person.city"), ("z1", "上海"))
    await records.bring(("openid", "person.city"), ("z1", "北京"), source=Source.POLICY)

    assert await records.known("z1") == {"所在城市": "(北京)"}
    # Nothing is done by it: no segment finds it.
    assert (await records.stores.one("SELECT word FROM fact_current"))["word"] is None


async def test_a_list_has_one_source(records: Records) -> None:
    rows = (("openid", "person.city"), ("z1", "上海"))
    await records.bring(*rows)
    with pytest.raises(StorageError, match="read before as 'list'"):
        await records.bring(*rows, source=Source.POLICY)


async def test_who_brought_what_in_is_in_the_audit(records: Records) -> None:
    viewer = Viewer(
        name="crm", role="api_key", permissions=frozenset({Permission.FACTS_WRITE}), scope=COMMAND_LINE.scope
    )
    await records.bring(("openid", "person.city"), ("z1", "上海"), viewer=viewer)
    rows = await records.stores.rows("SELECT action, subject, detail, viewer FROM audit_entry ORDER BY id")

    assert [tuple(row.values()) for row in rows] == [
        ("imported", "fact_list", "list.csv", "crm"),
        ("added", "fact_list", "1", "crm"),
    ]


async def test_two_processes_may_begin_the_same_list_at_once(records: Records, other_stores: OpenStores) -> None:
    begun = [
        lists.begin(
            b"d" * 32,
            name="list.csv",
            source=Source.LIST,
            as_of=records.clock.now(),
            viewer=COMMAND_LINE,
            now=records.clock.now(),
        )
        for lists in (records.lists, FactLists(other_stores.database))
        for _ in range(4)
    ]
    opened = await asyncio.gather(*begun)

    assert len({each.id for each in opened}) == await records.stores.count("fact_list") == 1
    assert sorted(each.is_known for each in opened) == [False] + [True] * 7


async def test_no_look_up_of_a_batch_walks_all_customers(records: Records) -> None:
    """A million of them are walked for every hundred rows otherwise."""
    queries = [matching(kind, ["1", "2"], viewer=COMMAND_LINE) for kind in KeyKind]
    for query in [*queries, merged_into([1, 2])]:
        plan = await _plan(records.stores, query)
        walked = [line for line in plan if "Seq Scan on" in line or line.startswith("SCAN ")]
        # Accounts are a handful.
        assert [line for line in walked if "account" not in line] == []


async def _plan(stores: OpenStores, query: Select[Any]) -> list[str]:
    async with stores.database.read() as connection:
        compiled = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        if stores.database.is_sqlite:
            return [row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
        # An empty table is scanned whatever its indexes are.
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        return [row[0] for row in await connection.execute(text(f"EXPLAIN {compiled}"))]


async def test_a_fact_is_never_changed(records: Records) -> None:
    await records.bring(("openid", "person.city"), ("z1", "上海"))
    with pytest.raises(StorageError, match="a fact is never changed"):
        await records.stores.change("UPDATE fact SET value = '\"北京\"'")
