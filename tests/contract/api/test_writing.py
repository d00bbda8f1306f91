"""A write happens once under the client's key, whatever is repeated, side by side or after a crash."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientResponse

from content.rights import Permission
from storage.organisation import BranchRow
from storage.records import StaffRow
from tests.contract.api.served import Served, problem_of
from tests.fakes.clock import ManualClock
from tests.fakes.firm import STAFF, Firm
from tests.fakes.stores import OpenStores


@pytest.fixture
async def secret(api: Served) -> str:
    """Return a key that may give customers to others."""
    return await api.key(Permission.CUSTOMERS_ASSIGN)


async def _assigned(stores: OpenStores) -> list[tuple[int, str]]:
    """Return what the audit has of assignments: customer and new owner."""
    rows = await stores.rows("SELECT subject_id, detail FROM audit_entry WHERE action = 'assigned' ORDER BY id")
    return [(row["subject_id"], row["detail"]) for row in rows]


def _is_repeated(response: ClientResponse) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


async def test_a_customer_gets_a_new_owner_and_the_audit_a_row(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    response = await api.put_owner(z1, "LI", secret)

    assert (response.status, _is_repeated(response)) == (200, False)
    assert await response.json() == {
        "customer_id": z1,
        "owner": {
            "id": await firm.organisation.find("li"),
            "realm": "ww-realm",
            "userid": "li",
            "name": "Li",
            "role": "agent",
            "scope": None,
            "branch": "上海",
            "team": "一组",
        },
    }
    owner = await stores.one("SELECT staff_id, cause FROM customer_owner WHERE customer_id = :id", id=z1)
    assert owner == {"staff_id": await firm.organisation.find("li"), "cause": "assigned"}
    assert await _assigned(stores) == [(z1, "li")]


async def test_the_same_key_gets_the_same_answer_and_the_work_is_done_once(
    api: Served, other_api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    first = await api.put_owner(z1, "li", secret, word="w")
    await firm.give("z1", "wang")
    again = [await each.put_owner(z1, "li", secret, word="w") for each in (api, other_api)]

    assert [(each.status, await each.read(), _is_repeated(each)) for each in again] == [
        (200, await first.read(), True)
    ] * 2
    assert await _assigned(stores) == [(z1, "li"), (z1, "wang")]
    owner = await stores.one("SELECT staff_id FROM customer_owner WHERE customer_id = :id", id=z1)
    assert owner["staff_id"] == await firm.organisation.find("wang")


async def test_two_spellings_of_one_body_are_the_same(api: Served, secret: str, firm: Firm) -> None:
    path, headers = f"/customers/{firm.customers['z1']}/owner", {"Content-Type": "application/json"}
    responses = [
        await api.ask("PUT", path, secret, word="w", data=body, headers=headers)
        for body in ('{"userid":"li"}', ' { "realm": null, "userid": "\\u006ci" } ')
    ]
    assert [(each.status, _is_repeated(each)) for each in responses] == [(200, False), (200, True)]


@pytest.mark.parametrize(("person", "userid"), [("z1", "wang"), ("z2", "li")])
async def test_the_same_key_for_another_write_is_refused(
    api: Served, secret: str, firm: Firm, stores: OpenStores, person: str, userid: str
) -> None:
    await api.put_owner(firm.customers["z1"], "li", secret, word="w")
    response = await api.put_owner(firm.customers[person], userid, secret, word="w")

    assert (response.status, (await problem_of(response))["type"]) == (
        422,
        "urn:zhike:problem:idempotency-key-reused",
    )
    assert await _assigned(stores) == [(firm.customers["z1"], "li")]


async def test_the_word_of_another_api_key_is_another_word(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    other = await api.key(Permission.CUSTOMERS_ASSIGN)
    await api.put_owner(firm.customers["z1"], "li", secret, word="w")
    response = await api.put_owner(firm.customers["z2"], "wang", other, word="w")
    assert (response.status, _is_repeated(response)) == (200, False)


async def test_many_at_once_over_two_processes_do_it_once(
    api: Served, other_api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    responses = await asyncio.gather(*(each.put_owner(z1, "li", secret, word="w") for each in (api, other_api) * 5))
    fresh = [each for each in responses if each.status == 200 and not _is_repeated(each)]
    waiting = [each for each in responses if each.status == 409]

    assert len(fresh) == 1
    assert {await each.read() for each in responses if each.status == 200} == {await fresh[0].read()}
    assert {each.status for each in responses} <= {200, 409}
    assert all(each.headers["Retry-After"] == "1" for each in waiting)
    assert await _assigned(stores) == [(z1, "li")]


async def test_a_refusal_is_an_answer_too_and_stays_one(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    first = await api.put_owner(firm.customers["z1"], "newcomer", secret, word="w")
    newcomer = StaffRow(realm="ww-realm", userid="newcomer", name="New", role="agent", branch="上海")
    await firm.organisation.bring_in([*STAFF, newcomer], branches=[BranchRow(name="浦东", above="上海")])
    again = await api.put_owner(firm.customers["z1"], "newcomer", secret, word="w")
    anew = await api.put_owner(firm.customers["z1"], "newcomer", secret, word="w2")

    assert (await problem_of(first))["errors"][0]["field"] == "userid"
    assert (again.status, await again.read(), _is_repeated(again)) == (422, await first.read(), True)
    assert again.content_type == "application/problem+json"
    assert anew.status == 200


async def test_an_answer_is_forgotten_after_a_day(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    z1 = firm.customers["z1"]
    found = []
    for seconds in (0, 24 * 3600 - 1, 1):
        await clock.advance(seconds)
        found.append(_is_repeated(await api.put_owner(z1, "li", secret, word="w")))
    assert found == [False, True, False]
    assert await stores.count("idempotency") == 1


async def test_a_write_whose_process_died_is_waited_for_a_minute_and_then_done_again(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    z1 = firm.customers["z1"]
    await api.put_owner(z1, "li", secret, word="w")
    # As the process leaves it that is killed between its work and the writing of the answer.
    await stores.change("UPDATE idempotency SET status = NULL, body = NULL")
    await clock.advance(59)
    waiting = await api.put_owner(z1, "li", secret, word="w")
    await clock.advance(1)
    again = await api.put_owner(z1, "li", secret, word="w")

    assert (await problem_of(waiting))["type"] == "urn:zhike:problem:in-progress"
    assert (waiting.status, waiting.headers["Retry-After"]) == (409, "1")
    assert (again.status, _is_repeated(again)) == (200, False)


async def test_a_write_that_failed_can_be_tried_again_with_its_key(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    z1 = firm.customers["z1"]
    await stores.change("ALTER TABLE customer_owner RENAME TO gone")
    failed = await api.put_owner(z1, "li", secret, word="w")
    await stores.change("ALTER TABLE gone RENAME TO customer_owner")
    again = await api.put_owner(z1, "li", secret, word="w")

    assert (failed.status, again.status) == (503, 200)
    assert await _assigned(stores) == [(z1, "li")]


async def test_an_answer_is_not_given_again_to_a_key_that_lost_its_permission(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    await api.put_owner(firm.customers["z1"], "li", secret, word="w")
    await stores.change("UPDATE api_key SET permissions = 'customers.read'")
    assert (await api.put_owner(firm.customers["z1"], "li", secret, word="w")).status == 403


async def test_a_userid_of_two_realms_needs_the_realm(api: Served, secret: str, firm: Firm) -> None:
    twin = StaffRow(realm="ww-other", userid="li", name="Other Li", role="agent", branch="上海")
    await firm.organisation.bring_in([*STAFF, twin])
    z1 = firm.customers["z1"]
    unclear = await api.put_owner(z1, "li", secret)
    clear = await api.put_owner(z1, "li", secret, realm="ww-other")

    assert [(error["in"], error["field"]) for error in (await problem_of(unclear))["errors"]] == [("body", "realm")]
    assert (await clear.json())["owner"]["name"] == "Other Li"


async def test_nobody_who_has_left_becomes_an_owner(api: Served, secret: str, firm: Firm, stores: OpenStores) -> None:
    await stores.change("UPDATE staff SET active = :no WHERE userid = 'li'", no=False)
    response = await api.put_owner(firm.customers["z1"], "li", secret)
    assert (response.status, await _assigned(stores)) == (422, [])
