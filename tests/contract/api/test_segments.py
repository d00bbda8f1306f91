"""Segments over the API: made behind the version one has seen, found, listed page by page, explained."""

from __future__ import annotations

from typing import Any

from content.rights import Permission
from tests.contract.api.served import Served, problem_of
from tests.fakes.firm import Firm

CAR: dict[str, Any] = {"fact": "finance.has_car", "is": True}


async def _put(api: Served, secret: str, word: str, name: str = "cars", **body: Any) -> tuple[int, dict[str, Any]]:
    given = {"after": 0, "title": "车主", "rule": CAR, **body}
    answer = await api.ask("PUT", f"/segments/{name}", secret, word=word, json=given)
    return answer.status, await answer.json() if answer.status == 200 else await problem_of(answer)


async def _cars(api: Served, firm: Firm) -> None:
    secret = await api.key(Permission.FACTS_WRITE)
    rows = [[str(number), "否" if person == "b1" else "是"] for person, number in firm.customers.items()]
    body = {"name": "cars", "columns": ["customer", "有车"], "rows": rows}
    assert (await api.ask("POST", "/fact-lists", secret, word="list", json=body)).status == 200


async def test_a_segment_is_made_changed_and_taken_away(api: Served) -> None:
    secret = await api.key(Permission.SEGMENTS_READ, Permission.SEGMENTS_WRITE)
    made = await _put(api, secret, "1")
    stale = await _put(api, secret, "2", title="有车的人")
    changed = await _put(api, secret, "3", title="有车的人", after=1)
    shown = await api.get("/segments/cars", secret)
    of_file = await _put(api, secret, "4", "dormant")
    flawed = await _put(api, secret, "5", "other", rule={"all": [CAR, {"fact": "star.sign", "is": "x"}]})
    removed = await _put(api, secret, "6", after=2, rule=None)

    assert (made, changed, removed) == (
        (200, {"name": "cars", "version": 1}),
        (200, {"name": "cars", "version": 2}),
        (200, {"name": "cars", "version": 3}),
    )
    assert (stale[0], stale[1]["type"].rpartition(":")[2]) == (409, "stale")
    assert (of_file[0], of_file[1]["type"].rpartition(":")[2]) == (409, "file-has-it")
    assert (flawed[0], flawed[1]["errors"][0]["field"]) == (422, "rule.all.1.fact")
    assert (shown["title"], shown["version"], shown["rule"], shown["text"]) == ("有车的人", 2, CAR, ["有车：是"])
    assert [each["name"] for each in (await api.get("/segments", secret))["segments"]] == [
        "dormant",
        "renewal_due",
        "birthday_this_month",
        "child_under_six",
    ]


async def test_its_customers_are_counted_sampled_and_listed_page_by_page(api: Served, firm: Firm) -> None:
    await _cars(api, firm)
    secret = await api.key(Permission.SEGMENTS_READ, Permission.SEGMENTS_WRITE)
    await _put(api, secret, "1")
    inside = sorted(number for person, number in firm.customers.items() if person != "b1")
    first = await api.get("/segments/cars/members?limit=3", secret)
    second = await api.get(f"/segments/cars/members?limit=3&cursor={first['next']}", secret)
    sample = await api.get("/segments/cars/sample?limit=20&seed=7", secret)

    assert (await api.get("/segments/cars/count", secret))["count"] == len(inside) == 5
    assert first["customer_ids"] + second["customer_ids"] == inside
    assert second["next"] is None
    assert sorted(each["customer_id"] for each in sample["customers"]) == inside
    assert (await api.ask("GET", "/segments/nowhere/count", secret)).status == 404


async def test_why_tells_the_evidence_to_whoever_may_see_facts(api: Served, firm: Firm) -> None:
    await _cars(api, firm)
    both = await api.key(Permission.SEGMENTS_READ, Permission.FACTS_READ, Permission.SEGMENTS_WRITE)
    bare = await api.key(Permission.SEGMENTS_READ)
    await _put(api, both, "1", rule={"not": CAR})
    path = f"/segments/cars/customers/{firm.customers['b1']}"
    told, untold = await api.get(path, both), await api.get(path, bare)

    assert told["is_in"] is untold["is_in"] is True
    assert [(each["words"], each["is_true"], each["depth"]) for each in told["reasons"]] == [
        ("不满足：", True, 0),
        ("有车：是", False, 1),
    ]
    assert told["reasons"][1]["evidence"] == ["否（2026-05-01）"]
    assert [each["evidence"] for each in untold["reasons"]] == [[], []]
