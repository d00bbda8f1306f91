"""Facts over the API: forms and lists taken down, what is known read back with what shows it."""

from __future__ import annotations

from content.rights import Permission
from tests.contract.api.served import Served, problem_of
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


async def test_what_a_customer_filled_in_is_known_with_what_shows_it(
    api: Served, firm: Firm, stores: OpenStores
) -> None:
    secret, z1 = await api.key(Permission.FACTS_READ, Permission.FACTS_WRITE), firm.customers["z1"]
    filled = {
        "form": "needs",
        "entry": "e1",
        "facts": {"need.product": ["重疾险", "医疗险"], "family.child_age": ["5"]},
    }
    first = await api.ask("POST", f"/customers/{z1}/facts", secret, word="a", json=filled)
    again = await api.ask("POST", f"/customers/{z1}/facts", secret, word="b", json=filled)
    found = (await api.get(f"/customers/{z1}/facts", secret))["facts"]

    assert await first.json() == {"customer_id": z1, "new": 2, "not_allowed": ["family.child_age"]}
    assert (await again.json())["new"] == 0
    assert [(fact["value"], fact["text"], fact["source"], fact["evidence"]) for fact in found] == [
        ("critical_illness", "重疾险", "customer_entry", {"form": "needs", "entry": "e1"}),
        ("medical", "医疗险", "customer_entry", {"form": "needs", "entry": "e1"}),
    ]
    rows = await stores.rows("SELECT action, subject, subject_id, detail FROM audit_entry ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("added", "customer", z1, "needs: 2"),
        ("added", "customer", z1, "needs: 0"),
        ("read", "facts", z1, ""),
    ]


async def test_values_that_cannot_be_are_named_and_nothing_is_taken(
    api: Served, firm: Firm, stores: OpenStores
) -> None:
    secret, z1 = await api.key(Permission.FACTS_WRITE), firm.customers["z1"]
    facts = {"person.age": ["x"], "star.sign": ["y"], "person.city": ["上海", "北京"], "need.product": ["life"]}
    answer = await api.ask(
        "POST", f"/customers/{z1}/facts", secret, word="a", json={"form": "f", "entry": "e", "facts": facts}
    )

    assert answer.status == 422
    assert {error["field"] for error in (await problem_of(answer))["errors"]} == {
        "facts.person.age",
        "facts.star.sign",
        "facts.person.city",
    }
    assert await stores.count("fact") == 0


async def test_a_list_is_taken_and_its_bad_cells_told(api: Served, firm: Firm) -> None:
    secret, z1 = await api.key(Permission.FACTS_WRITE), firm.customers["z1"]
    body = {
        "name": "2026-11",
        "columns": ["customer", "年龄"],
        "rows": [[str(z1), "30"], ["999999", "30"], [str(z1), "x"]],
    }
    told = await (await api.ask("POST", "/fact-lists", secret, word="a", json=body)).json()
    refused = await api.ask("POST", "/fact-lists", secret, word="b", json=body | {"columns": ["customer", "星座"]})

    assert (told["rows"], told["used"], told["new"], told["bad_count"]) == (3, 1, 1, 2)
    assert [(cell["row"], cell["column"]) for cell in told["bad"]] == [(3, "年龄"), (2, "customer")]
    assert refused.status == 422


async def test_what_no_database_or_page_can_show_is_refused_before_it_is_read(api: Served) -> None:
    secret = await api.key(Permission.FACTS_WRITE)
    body = {"name": "a\x00b", "columns": ["customer", "年龄"], "rows": [["1", "30"]]}
    named = await api.ask("POST", "/fact-lists", secret, word="a", json=body)
    many = {"form": "f", "entry": "e", "facts": {"need.product": ["医疗险"] * 21}}
    filled = await api.ask("POST", "/customers/1/facts", secret, word="b", json=many)

    assert [answer.status for answer in (named, filled)] == [422, 422]


async def test_a_segment_whose_rule_fits_no_more_is_told_and_no_failure(api: Served, stores: OpenStores) -> None:
    secret = await api.key(Permission.SEGMENTS_READ, Permission.SEGMENTS_WRITE)
    for name, rule in (("cars", {"fact": "finance.has_car", "is": True}), ("both", {"segment": "cars"})):
        body = {"after": 0, "title": name, "rule": rule}
        assert (await api.ask("PUT", f"/segments/{name}", secret, word=name, json=body)).status == 200
    # A file's segment may go in the same way, or an attribute.
    await stores.change("DELETE FROM segment_version WHERE name = 'cars'")
    answers = [await api.ask("GET", f"/segments/both{path}", secret) for path in ("", "/count", "/sample", "/members")]

    assert [answer.status for answer in answers] == [200, 409, 409, 409]
    assert "there is no segment `cars`" in (await problem_of(answers[1]))["detail"]


async def test_numbers_in_free_text_are_masked(api: Served, firm: Firm) -> None:
    secret, z1 = await api.key(Permission.FACTS_READ, Permission.FACTS_WRITE), firm.customers["z1"]
    filled = {"form": "f", "entry": "e", "facts": {"person.occupation": ["教师 13800138000"]}}
    await api.ask("POST", f"/customers/{z1}/facts", secret, word="a", json=filled)
    text = await (await api.ask("GET", f"/customers/{z1}/facts", secret)).text()

    assert "教师" in text
    assert "13800138000" not in text
