"""What the lists and cards show, page by page, and the trace that reading leaves."""

from __future__ import annotations

from typing import Any

import pytest

from content.rights import Permission
from storage.customers import Customers
from tests.contract.api.served import Served, persons
from tests.fakes.clock import ManualClock
from tests.fakes.firm import EVERYBODY, STAFF, Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


@pytest.fixture
async def secret(api: Served) -> str:
    """Return a key that may everything."""
    return await api.key(*Permission)


async def _all_pages(api: Served, path: str, rows: str, secret: str, *, limit: int) -> list[dict[str, Any]]:
    """Return the rows of every page of a list, one after the other."""
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = await api.get(path, secret, params=params)
        assert len(page[rows]) <= limit
        found += page[rows]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
async def test_pages_show_every_row_once_and_in_order(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock, limit: int
) -> None:
    await _talk(stores, clock, "z1", 6)
    timeline = f"/customers/{firm.customers['z1']}/timeline"
    customers = await _all_pages(api, "/customers", "customers", secret, limit=limit)
    staff = await _all_pages(api, "/staff", "staff", secret, limit=limit)
    messages = await _all_pages(api, timeline, "messages", secret, limit=limit)
    entries = await _all_pages(api, "/audit", "entries", secret, limit=limit)

    assert [card["id"] for card in customers] == sorted(firm.customers.values(), reverse=True)
    assert [person["userid"] for person in staff] == [person.userid for person in STAFF]
    assert [message["fields"] for message in messages] == [
        *({"content": f"第{number}句"} for number in reversed(range(6))),
        {"content": "我是z1"},
    ]
    assert [entry["id"] for entry in entries] == list(range(len(entries), 0, -1))


async def _talk(stores: OpenStores, clock: ManualClock, person: str, count: int) -> None:
    account = (await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")]))["service"]
    visitors = Visitors(stores.log, account, clock, holder="talk")
    for number in range(count):
        await clock.advance(3 * 3600)
        await visitors.say(person, f"第{number}句", handle=False)


async def test_a_card_shows_who_it_is_whose_they_are_and_when(api: Served, secret: str, firm: Firm) -> None:
    zhang = await firm.organisation.find("zhang")
    card = await api.get(f"/customers/{firm.customers['z1']}", secret)
    assert card == {
        "id": firm.customers["z1"],
        "created_at": "2026-05-01T09:30:00Z",
        "last_at": "2026-05-01T09:30:00Z",
        "owner": {"staff_id": zhang, "name": "Zhang", "branch": "上海"},
        "contacts": [
            {
                "account": "service",
                "title": "服务号",
                "channel": "wechat",
                "person": "z1",
                "followed": None,
                "last_at": "2026-05-01T09:30:00Z",
            }
        ],
        "scenes": [],
        "consents": {},
        "marketing": {"refused_topics": [], "frequency": None},
        "elder_since": None,
    }


async def test_what_they_chose_about_marketing_stands_beside_the_consents(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    for topic, choice, messages, days in (("wealth", "refused", None, None), (None, "weekly", 1, 7)):
        await stores.change(
            "INSERT INTO marketing_choice_entry (customer_id, topic, choice, messages, days, text_version, at)"
            " VALUES (:z1, :topic, :choice, :messages, :days, 'v1', 0)",
            z1=z1,
            topic=topic,
            choice=choice,
            messages=messages,
            days=days,
        )
    assert (await api.get(f"/customers/{z1}", secret))["marketing"] == {
        "refused_topics": ["wealth"],
        "frequency": {"name": "weekly", "messages": 1, "days": 7},
    }


async def test_who_has_no_owner_is_shown_with_none(api: Served, secret: str, firm: Firm) -> None:
    customer_id = firm.customers["nobody's"]
    assert (await api.get(f"/customers/{customer_id}", secret))["owner"] is None


async def test_a_merged_customer_is_found_under_the_id_they_have_now(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    kept, gone = firm.customers["z1"], firm.customers["z2"]
    await Customers(stores.database).merge(kept=kept, gone=gone, cause="test", now=clock.now())
    card = await api.get(f"/customers/{gone}", secret)
    assert (card["id"], persons([card])) == (kept, {"z1", "z2"})


async def test_a_destroyed_message_is_shown_as_gone(api: Served, secret: str, firm: Firm, stores: OpenStores) -> None:
    await stores.change("DELETE FROM content")
    [message] = (await api.get(f"/customers/{firm.customers['z1']}/timeline", secret))["messages"]
    assert (message["kind"], message["at"], message["fields"]) == ("text", "2026-05-01T09:30:00Z", None)


async def test_a_member_of_staff_is_shown_with_branch_and_team(api: Served, secret: str, firm: Firm) -> None:
    staff = (await api.get("/staff", secret))["staff"]
    assert {key: staff[2][key] for key in ("userid", "name", "role", "scope", "branch", "team", "realm")} == {
        "userid": "wang",
        "name": "Wang",
        "role": "agent",
        "scope": None,
        "branch": "浦东",
        "team": "二组",
        "realm": "ww-realm",
    }


async def test_who_has_left_is_not_shown(api: Served, secret: str, stores: OpenStores) -> None:
    await stores.change("UPDATE staff SET active = :no WHERE userid = 'wang'", no=False)
    staff = (await api.get("/staff", secret))["staff"]
    assert {person["userid"] for person in staff} == {person.userid for person in STAFF} - {"wang"}


async def test_what_is_shown_of_customers_was_noted_before_under_the_key(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    for path in ("/customers", "/customers?person=z1", f"/customers/{z1}", f"/customers/{z1}/timeline"):
        await api.get(path, secret)
    await api.ask("GET", "/customers/999", secret)
    rows = await stores.rows("SELECT action, subject, subject_id, detail, viewer, role, staff_id FROM audit_entry")
    key_ids = await stores.rows("SELECT DISTINCT api_key_id FROM audit_entry")

    assert [(row["action"], row["subject"], row["subject_id"], row["detail"]) for row in rows] == [
        ("listed", "customers", None, ""),
        ("listed", "customers", None, "by id"),
        ("read", "customer", z1, ""),
        ("read", "conversation", z1, ""),
    ]
    assert {(row["viewer"], row["role"], row["staff_id"]) for row in rows} == {("API crm", "api_key", None)}
    assert [row["api_key_id"] for row in key_ids] == [(await stores.one("SELECT id FROM api_key"))["id"]]


async def test_a_look_at_staff_and_at_the_audit_stands_in_the_audit(
    api: Served, secret: str, stores: OpenStores
) -> None:
    await api.get("/staff", secret)
    shown = await api.get("/audit", secret, params={"subject": "staff"})
    await api.get("/audit", secret, params={"subject": "customer", "subject_id": 12})
    rows = await stores.rows("SELECT action, subject, subject_id, detail, viewer FROM audit_entry ORDER BY id")

    assert [tuple(row.values()) for row in map(dict, rows)] == [
        ("listed", "staff", None, "", "API crm"),
        ("read", "audit", None, "staff", "API crm"),
        ("read", "audit", None, "customer 12", "API crm"),
    ]
    assert [entry["action"] for entry in shown["entries"]] == ["listed"]


async def test_the_audit_is_asked_by_what_was_done_to_whom(api: Served, secret: str, firm: Firm) -> None:
    for person in EVERYBODY:
        await api.get(f"/customers/{firm.customers[person]}", secret)
        await api.get(f"/customers/{firm.customers[person]}/timeline", secret)
    z1 = firm.customers["z1"]
    about = await api.get("/audit", secret, params={"subject": "customer", "subject_id": z1})
    sort = await api.get("/audit", secret, params={"subject": "conversation"})

    assert [(entry["action"], entry["subject"], entry["subject_id"]) for entry in about["entries"]] == [
        ("read", "customer", z1)
    ]
    assert {entry["subject_id"] for entry in sort["entries"]} == set(firm.customers.values())
