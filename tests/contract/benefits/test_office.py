"""Benefits as staff keep them: scopes, sums that equal their parts, the file beside what staff made, audited claims."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text

from bot.benefits import build_benefit_counter, build_benefit_office
from content.masking import mask
from content.rights import Permission, Scope
from handlers.benefits.office import BenefitOffice, cost_per_claim, redeem_rate
from handlers.people.rights import Forbidden
from storage.benefit_list import claims_of
from storage.benefits import BenefitTaken, NoSuchBranch
from storage.viewer import COMMAND_LINE, Viewer
from tests.contract.benefits.shelf import Shelf, authored


def office_of(shelf: Shelf) -> BenefitOffice:
    return build_benefit_office(shelf.stores.database, clock=shelf.clock)


async def _filled(shelf: Shelf) -> None:
    """Let three owners have benefits, some of which were claimed and used."""
    for number, (owner, cost, used) in enumerate([(None, "180.50", 2), ("上海", "99.99", 1), ("浦东", "0.01", 0)]):
        benefit = authored(f"b{number}", owner=owner, cost=Decimal(cost), value=Decimal(300), per_person=None)
        row = await shelf.put(benefit, units=4)
        codes = [await shelf.code(row, "z1") for _ in range(3)]
        for code in codes[:used]:
            await shelf.moves.redeem(code, place="静安", key="", viewer=COMMAND_LINE, now=shelf.clock.now())


async def test_the_overview_of_all_owners_adds_up_and_equals_what_plain_sql_counts(branches: Shelf) -> None:
    await _filled(branches)
    found = await office_of(branches).overview(await branches.firm.viewer("wu"))  # type: ignore[union-attr]
    assert [line.owner for line in found.owners] == [None, "上海", "浦东"]
    assert found.money.spent == sum(line.money.spent for line in found.owners) == Decimal("460.99")
    assert found.money.bound == sum(line.money.bound for line in found.owners) == Decimal("841.50")
    assert found.money.worth == Decimal(900)
    assert found.benefits == sum(line.benefits for line in found.owners) == 3
    counted = await branches.stores.rows("SELECT state, count(*) AS n FROM benefit_unit GROUP BY state")
    assert {row["state"]: row["n"] for row in counted} == {"available": 3, "granted": 6, "redeemed": 3}
    assert (found.figures.available, found.figures.granted, found.figures.redeemed) == (3, 6, 3)
    assert sum(line.figures.total for line in found.owners) == found.figures.total == 12


async def test_a_branch_sees_its_own_and_those_below_it_and_no_others(branches: Shelf) -> None:
    await _filled(branches)
    office, firm = office_of(branches), branches.firm
    seen = {}
    for userid in ("qian", "wu", "zheng"):
        page = await office.page(await firm.viewer(userid), limit=50)  # type: ignore[union-attr]
        seen[userid] = [each.benefit.branch for each in page]
    assert seen == {"qian": ["上海", "浦东"], "wu": [None, "上海", "浦东"], "zheng": [None, "上海", "浦东"]}
    qian = await firm.viewer("qian")  # type: ignore[union-attr]
    [head, *_] = await office.page(COMMAND_LINE, limit=1)
    number = head.benefit.id
    assert await office.one(qian, number) is None
    assert await office.claims(qian, number, limit=9) is None
    assert await office.raise_stock(qian, number, 9) is None
    assert await office.import_codes(qian, number, ["A-100"]) is None
    assert not await office.open(qian, number, on=False)
    code = (await branches.granted(head.benefit, "l1")).unit.code or ""
    counter = build_benefit_counter(branches.stores.database, clock=branches.clock)
    assert await counter.redeem(qian, code, place="静安") is None
    assert await counter.exchange(qian, code, "b1") is None
    for userid in ("zhang", "sun", "zhou", "admin"):
        with pytest.raises(Forbidden):
            await office.page(await firm.viewer(userid), limit=9)  # type: ignore[union-attr]
    # A scope that is no branch's owns nothing, whatever it may do.
    own = Viewer(name="x", role="campaign_manager", permissions=frozenset(Permission), scope=Scope.OWN)
    assert await office.page(own, limit=9) == []


async def test_a_branch_makes_benefits_of_its_own_alone(branches: Shelf) -> None:
    qian = await branches.firm.viewer("qian")  # type: ignore[union-attr]
    office = office_of(branches)
    made = await office.make(qian, authored("a", owner="浦东"))
    assert (made.branch, made.is_open) == ("浦东", True)
    for owner in (None, "北京", "no branch"):
        with pytest.raises(NoSuchBranch):
            await office.make(qian, authored("b", owner=owner))


async def test_the_same_benefit_once_more_is_the_one_that_is_there_and_another_of_its_name_is_refused(
    shelf: Shelf,
) -> None:
    office = office_of(shelf)
    first, again = [await office.make(COMMAND_LINE, authored("a", title="体检")) for _ in range(2)]
    assert first == again
    for other in (authored("a", title="体检", cost=Decimal(1)), authored("b", title="体 检")):
        with pytest.raises(BenefitTaken):
            await office.make(COMMAND_LINE, other)
    deeds = await shelf.stores.rows("SELECT action, detail FROM audit_entry WHERE subject = 'benefit'")
    assert [(row["action"], row["detail"]) for row in deeds] == [("made", "a")]


async def test_the_file_is_brought_in_and_what_it_names_no_more_is_closed(shelf: Shelf) -> None:
    now = shelf.clock.now()
    await shelf.catalogue.bring_in([authored("a"), authored("b")], now=now)
    await shelf.put(authored("mine"), units=0)
    await shelf.catalogue.open(1, on=False, viewer=COMMAND_LINE, now=now)
    await shelf.catalogue.bring_in([authored("a", cost=Decimal("7.00"))], now=now)
    rows = await shelf.stores.rows("SELECT key, cost, is_open, source FROM benefit ORDER BY id")
    assert [(row["key"], row["cost"], bool(row["is_open"]), row["source"]) for row in rows] == [
        ("a", 700, False, "file"),
        ("b", 18000, False, "file"),
        ("mine", 18000, True, "staff"),
    ]
    with pytest.raises(BenefitTaken, match="staff made a benefit"):
        await shelf.catalogue.bring_in([authored("mine")], now=now)
    with pytest.raises(NoSuchBranch, match="no branch"):
        await shelf.catalogue.bring_in([authored("c", owner="nowhere")], now=now)


async def test_claims_hide_codes_name_customers_of_the_scope_and_leave_a_row(branches: Shelf) -> None:
    benefit = await branches.put(authored(owner="上海"))
    codes = {person: await branches.code(benefit, person) for person in ("z1", "b1")}
    office, firm = office_of(branches), branches.firm
    qian = await firm.viewer("qian")  # type: ignore[union-attr]
    claims = await office.claims(qian, benefit.id, limit=9)
    assert claims is not None
    assert [claim.customer_id for claim in claims] == [None, firm.customers["z1"]]
    assert [claim.code for claim in claims] == [mask(codes["b1"]), mask(codes["z1"])]
    assert all(claim.code is not None and claim.code.startswith("****-****-") for claim in claims)
    noted = await branches.stores.rows("SELECT viewer, action, subject, subject_id FROM audit_entry ORDER BY id DESC")
    assert tuple(noted[0].values()) == ("Qian", "listed", "benefit_claims", benefit.id)
    blind = Viewer(name="x", role="api_key", permissions=frozenset({Permission.BENEFITS_READ}), scope=Scope.ALL)
    unnamed = await office.claims(blind, benefit.id, limit=9)
    assert unnamed is not None
    assert {claim.customer_id for claim in unnamed} == {None}


async def test_a_list_of_codes_says_which_are_bad_and_which_are_known(shelf: Shelf) -> None:
    benefit = await shelf.put(units=0)
    office = office_of(shelf)
    codes = ["A-100", " A-101 ", "x", "A-100", "有中文", "A_102", "A-1\x0003"]
    found = await office.import_codes(COMMAND_LINE, benefit.id, codes)
    assert found is not None
    assert (found.added, found.known, found.bad) == (3, (4,), (3, 5, 7))
    again = await office.import_codes(COMMAND_LINE, benefit.id, codes)
    assert again is not None
    assert (again.added, again.known) == (0, (1, 2, 4, 6))


async def test_stock_is_raised_in_steps_and_the_rate_and_cost_are_of_what_was_claimed(shelf: Shelf) -> None:
    benefit = await shelf.put(authored(per_person=None), units=0)
    office = office_of(shelf)
    assert [await office.raise_stock(COMMAND_LINE, benefit.id, total) for total in (2_100, 2_100)] == [2_100, 0]
    [empty] = await office.page(COMMAND_LINE, limit=1)
    assert (redeem_rate(empty.figures), cost_per_claim(empty.figures, empty.money)) == (None, None)
    codes = [await shelf.code(benefit, "z1") for _ in range(3)]
    await shelf.moves.redeem(codes[0], place="静安", key="", viewer=COMMAND_LINE, now=shelf.clock.now())
    found = await office.one(COMMAND_LINE, benefit.id)
    assert found is not None
    assert redeem_rate(found.figures) == pytest.approx(1 / 3)
    assert cost_per_claim(found.figures, found.money) == Decimal("60.00")
    today = (await office.days(COMMAND_LINE, benefit.id))[-1]
    assert (today[1], today[2]) == (3, 1)


async def test_a_page_of_claims_reads_none_of_the_units_that_nobody_has(shelf: Shelf) -> None:
    query = claims_of(7, viewer=COMMAND_LINE, limit=30)
    async with shelf.stores.database.read() as connection:
        compiled = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        if shelf.stores.database.is_sqlite:
            plan = [row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
            assert not any("TEMP B-TREE" in line for line in plan), plan
        else:
            # An empty table is scanned whatever its indexes are.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = [row[0] for row in await connection.execute(text(f"EXPLAIN {compiled}"))]
    assert any("ix_benefit_unit_claims" in line for line in plan), plan


async def test_one_that_was_taken_out_of_the_file_and_put_back_is_opened_by_a_person(shelf: Shelf) -> None:
    now, dentist = shelf.clock.now(), authored("dentist")
    for catalogue in ([dentist], [], [dentist]):
        await shelf.catalogue.bring_in(catalogue, now=now)
    row = await shelf.catalogue.by_key("dentist", viewer=COMMAND_LINE)
    assert row is not None
    assert not row.is_open
    assert await shelf.catalogue.open(row.id, on=True, viewer=COMMAND_LINE, now=now)
    await shelf.catalogue.bring_in([dentist], now=now)
    opened = await shelf.catalogue.by_key("dentist", viewer=COMMAND_LINE)
    assert opened is not None
    assert opened.is_open
