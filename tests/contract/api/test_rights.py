"""Every route with every permission and every scope a key can have: exactly what docs/rights.md says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from bot.web.api.route import AnyRoute
from content.benefits import Benefit
from content.piece import Piece
from content.rights import Permission, Role
from storage.benefit_claims import BenefitClaims, Granted
from storage.benefit_reserving import Wanted
from storage.duty import Duties
from storage.viewer import COMMAND_LINE
from tests.contract.api.served import Served, persons, problem_of
from tests.fakes.firm import CUSTOMERS, EVERYBODY, SEEN, STAFF, Firm, people_of
from tests.fakes.newsroom import Newsroom, piece, png
from tests.fakes.stores import OpenStores

_NOTHING: Final = None
#: By branch of a key, None for one that sees all: the customers and the staff it sees.
CUSTOMERS_SEEN: Final[Mapping[str | None, set[str]]] = {
    None: SEEN["wu"],
    "上海": SEEN["qian"],
    "浦东": people_of("wang"),
    "北京": people_of("zhao"),
}
STAFF_SEEN: Final = {
    branch: {person.userid for person in STAFF if branch is None or person.branch in below}
    for branch, below in {None: (), "上海": ("上海", "浦东"), "浦东": ("浦东",), "北京": ("北京",)}.items()
}


def written(draft: Piece) -> dict[str, Any]:
    """Return a piece as JSON has it."""
    found: dict[str, Any] = json.loads(draft.model_dump_json())
    return found


_BODIES: Final[Mapping[str, dict[str, Any]]] = {
    "putOwner": {"userid": "wang"},
    "putErasure": {"reason": "asked in writing"},
    "putHold": {"held": True, "reason": "court file"},
    "assignTask": {"userid": "wang"},
    "finishTask": {"disposition": "已回电"},
    "takeHandover": {},
    "replyInHandover": {"words": "您好"},
    "passHandover": {},
    "closeHandover": {},
    "putDuty": {"on": False},
    "postCustomerFacts": {"form": "f", "entry": "e", "facts": {"person.city": ["上海"]}},
    "putSegment": {"after": 1, "title": "有车", "rule": {"fact": "finance.has_car", "is": True}},
    "postFactList": {"name": "l", "columns": ["customer", "person.city"], "rows": [["1", "上海"]]},
    "createContent": {"piece": written(piece())},
    "putContent": {"piece": written(piece()), "number": 1, "revision": 1},
    "submitContent": {"revision": 1},
    "takeContentBack": {"revision": 1},
    "putContentPicture": {"picture": b64encode(png()).decode()},
    "approveContent": {"number": 1, "revision": 1},
    "returnContent": {"number": 1, "revision": 1, "reason": "请改"},
    "withdrawContent": {"revision": 1},
    "putContentStop": {"stopped": False},
    "putProductStop": {"stopped": False, "product": "安心医疗"},
    "createBenefit": {"id": "new", "title": "新的", "supplier": "安康", "cost": "1.00", "guide": "到店报券码"},
    "openBenefit": {"on": True},
    "raiseStock": {"total": 9},
    "importCodes": {"codes": ["A-100"]},
    "redeemCode": {"code": "first", "place": "静安"},
    "reverseCode": {"code": "first", "reason": "误核销"},
    "expireCode": {"code": "second", "reason": "停办"},
    "exchangeCode": {"code": "third", "benefit": "checkup"},
}
#: By route of content who does it. qian writes and zhou reviews in 上海, wu reviews everywhere.
_ACTORS: Final = {
    **dict.fromkeys(("createContent", "putContent", "submitContent", "takeContentBack", "putContentPicture"), "qian"),
    **dict.fromkeys(("approveContent", "returnContent", "withdrawContent", "putContentStop"), "zhou"),
    "putProductStop": "wu",
}
#: What comes in and finds the draft in another state.
_LATE: Final = frozenset({"takeContentBack", "approveContent", "returnContent", "withdrawContent"})
#: What a code is put in for, in the order in which they were granted.
_CODES: Final = ("first", "second", "third")
#: These are done in the name of a member of staff.
_SERVED: Final = frozenset({"takeHandover", "replyInHandover", "passHandover", "closeHandover", "putDuty"})
#: By branch of a key somebody who serves in its scope, and who waits where they see it.
_SERVERS: Final[Mapping[str | None, tuple[str, set[str]]]] = {
    None: ("zhang", people_of("zhang", "li", "wang", "")),
    "上海": ("zhang", people_of("zhang", "li", "wang", "")),
    "浦东": ("wang", people_of("wang", "")),
    "北京": ("zhao", people_of("zhao", "")),
}


pytestmark = pytest.mark.parametrize("branch", list(CUSTOMERS_SEEN), ids=lambda branch: branch or "all")


async def _branch_id(stores: OpenStores, branch: str | None) -> int | None:
    return None if branch is None else int((await stores.one("SELECT id FROM branch WHERE code = :b", b=branch))["id"])


async def _outcome(
    api: Served,
    route: AnyRoute,
    secret: str,
    customer_id: int,
    *,
    handover_id: int = 1,
    task_id: int = 1,
    content_id: int = 1,
    server: str = "zhang",
    shelved: Shelved | None = None,
) -> tuple[int, str | None]:
    """Return how a route answers: its status, and the permission that a refusal names."""
    numbers = {"customer_id": customer_id, "erasure_id": 1, "handover_id": handover_id, "task_id": task_id}
    numbers["benefit_id"] = 1 if shelved is None else shelved.number
    path = route.path.format(name="mine", content_id=content_id, **numbers)
    word, body = (f"{route.name}-{customer_id}", _BODIES[route.name]) if route.is_write else (None, None)
    if body is not None and route.name in _SERVED:
        body = {**body, "userid": server}
    if body is not None and route.name in _ACTORS:
        body = {**body, "userid": _ACTORS[route.name]}
    if body is not None and shelved is not None:
        body = shelved.meant(body, route)
    response = await api.ask(route.method, path, secret, word=word, json=body)
    return response.status, (await problem_of(response)).get("permission") if response.status == 403 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A benefit of a branch, and three codes of it that somebody has."""

    number: int
    branch: str | None
    codes: tuple[str, ...]

    def meant(self, body: dict[str, Any], route: AnyRoute) -> dict[str, Any]:
        """Return a body with the codes that were granted, and the branch of the key as the owner of what it makes."""
        if body.get("code") in _CODES:
            return {**body, "code": self.codes[_CODES.index(body["code"])]}
        return {**body, "owner": self.branch} if route.name == "createBenefit" else body


async def _shelve(api: Served, stores: OpenStores, person: str, *, branch: str | None) -> Shelved:
    benefit = Benefit.model_validate(
        {**_BODIES["createBenefit"], "id": "checkup", "title": "体检", "owner": branch, "per_person": None}
    )
    row = await api.people.benefits.make(COMMAND_LINE, benefit)
    await api.people.benefits.raise_stock(COMMAND_LINE, row.id, 5)
    identity = await stores.one("SELECT id FROM identity WHERE external_id = :p", p=person)
    codes = []
    for number in range(len(_CODES)):
        wanted = Wanted(benefit_id=row.id, identity_id=identity["id"], account="service")
        granted = await BenefitClaims(stores.database).claim(wanted, key=f"t:{number}", now=api.clock.now())
        assert isinstance(granted, Granted)
        codes.append(granted.unit.code or "")
    return Shelved(number=row.id, branch=branch, codes=tuple(codes))


async def test_each_route_asks_for_its_one_permission_and_no_other(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    branch_id = await _branch_id(stores, branch)
    person = min(CUSTOMERS_SEEN[branch] - {"nobody's"})
    # wang is in no scope but 上海, 浦东 and all: there the customer may be given to him.
    in_reach = "wang" in STAFF_SEEN[branch]
    [server] = [owner for owner, people in CUSTOMERS.items() if person in people]
    server_id = await firm.organisation.find(server)
    await Duties(stores.database).begin(server_id, viewer=COMMAND_LINE, now=api.clock.now())
    handover_id, task_id = await firm.hand_over(person), await firm.complain(person)
    await Newsroom(stores, firm, api.clock).draft()
    shelved = await _shelve(api, stores, person, branch=branch)
    found, expected = {}, {}
    await api.people.wishes.erase(COMMAND_LINE, firm.customers["nobody's"], "the erasure that is looked at")
    mine = {"id": "mine", "title": "有车", "rule": {"fact": "finance.has_car", "is": True}}
    await api.people.shelf.save(COMMAND_LINE, mine, after=0)
    for held in (_NOTHING, *Permission):
        secret = await api.key(*([] if held is None else [held]), branch_id=branch_id)
        for route in api.routes:
            is_permitted = route.permission in (None, held) and not (route.is_whole and branch)
            granted = 422 if route.name in ("putOwner", "assignTask") and not in_reach else 200
            # It came in, too: what is served already is no offer that goes back into the line.
            granted = 409 if route.name == "passHandover" else granted
            granted = _content_granted(route.name, branch) or granted
            found[held, route.name] = await _outcome(
                api,
                route,
                secret,
                firm.customers[person],
                handover_id=handover_id,
                task_id=task_id,
                server=server,
                shelved=shelved,
            )
            expected[held, route.name] = (granted, None) if is_permitted else (403, route.permission)
    assert found == expected


def _content_granted(name: str, branch: str | None) -> int | None:
    """Return how a route of content answers who may, of a draft of 上海; None for what is none, or is done."""
    if name == "getContent":
        return None if branch in (None, "上海") else 404
    if name in _ACTORS and branch not in (None, "上海"):
        return 422  # nobody of that name is in the key's scope
    return 409 if name in _LATE else None


async def test_all_other_permissions_together_do_not_make_up_for_the_one(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    branch_id = await _branch_id(stores, branch)
    customer_id = firm.customers[min(CUSTOMERS_SEEN[branch])]
    for route in api.routes:
        if route.permission is not None:
            secret = await api.key(*(set(Permission) - {route.permission}), branch_id=branch_id)
            assert await _outcome(api, route, secret, customer_id) == (403, route.permission)


async def test_a_key_sees_customers_and_staff_of_its_scope_and_no_others(
    api: Served, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    listed = await api.get("/customers?limit=200", secret)
    staff = await api.get("/staff?limit=200", secret)

    assert persons(listed["customers"]) == CUSTOMERS_SEEN[branch]
    assert {person["userid"] for person in staff["staff"]} == STAFF_SEEN[branch]
    for person in EVERYBODY:
        found = await api.get("/customers", secret, params={"person": person})
        assert persons(found["customers"]) == {person} & CUSTOMERS_SEEN[branch]


async def test_a_customer_beyond_the_scope_is_answered_as_one_that_is_not_there(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    seen: dict[str, set[str]] = {}
    for route in api.routes:
        if "customer_id" not in route.path_names or route.is_write:
            continue
        if "name" in route.path_names:
            # Of a segment: tests/contract/segments shows its scope.
            continue
        seen[route.name] = set()
        nobody = await _answer(api, route, secret, 999_999)
        assert nobody[0] == 404
        for person, customer_id in firm.customers.items():
            answer = await _answer(api, route, secret, customer_id)
            if answer != nobody:
                assert answer[0] == 200
                seen[route.name].add(person)
    of_policies = ("getCustomerPolicies", "getCustomerCallbacks")
    names = ("getCustomer", "getTimeline", *of_policies, "getCustomerFacts", "exportCustomer")
    assert seen == dict.fromkeys(names, CUSTOMERS_SEEN[branch])


async def test_a_handover_beyond_the_scope_is_answered_as_one_that_is_not_there(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    numbers = {person: await firm.hand_over(person) for person in sorted(EVERYBODY)}
    listed = await api.get("/handovers?limit=200&state=waiting", secret)
    answered = {
        person: (await api.ask("GET", f"/handovers/{number}", secret)).status for person, number in numbers.items()
    }
    assert answered == {person: 200 if person in CUSTOMERS_SEEN[branch] else 404 for person in EVERYBODY}
    assert {row["id"] for row in listed["handovers"]} == {numbers[person] for person in CUSTOMERS_SEEN[branch]}
    assert (await api.get("/handovers?state=closed", secret))["handovers"] == []


async def test_a_handover_beyond_the_scope_of_key_or_server_is_not_served(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    server, near = _SERVERS[branch]
    server_id = await firm.organisation.find(server)
    await Duties(stores.database).begin(server_id, viewer=COMMAND_LINE, now=api.clock.now())
    numbers = {person: await firm.hand_over(person) for person in sorted(EVERYBODY)}
    answered = {
        person: [
            (await api.serve(number, step, secret, userid=server, **body)).status
            for step, body in (("take", {}), ("reply", {"words": "您好"}), ("close", {}))
        ]
        for person, number in numbers.items()
    }
    served = CUSTOMERS_SEEN[branch] & near
    assert answered == {person: [200 if person in served else 404] * 3 for person in EVERYBODY}
    closed = await stores.rows("SELECT id FROM handover WHERE state = 'closed'")
    assert {row["id"] for row in closed} == {numbers[person] for person in served}


async def test_a_key_serves_in_the_name_of_those_of_its_scope_alone_who_serve(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    serving = {person.userid for person in STAFF if person.role in (Role.AGENT, Role.SUPERVISOR)}
    word = iter(range(len(STAFF)))
    answered = {
        person.userid: (
            await api.ask("PUT", "/duty", secret, word=str(next(word)), json={"userid": person.userid, "on": False})
        ).status
        for person in STAFF
    }
    assert answered == {
        person.userid: 200 if person.userid in serving & STAFF_SEEN[branch] else 422 for person in STAFF
    }


async def test_a_task_beyond_the_scope_is_neither_shown_nor_ended_nor_given(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(*Permission, branch_id=await _branch_id(stores, branch))
    numbers = {person: await firm.complain(person) for person in sorted(EVERYBODY)}
    colleague = min(STAFF_SEEN[branch])
    listed = await api.get("/tasks?limit=200", secret)
    answered = {
        person: [
            (await api.ask("GET", f"/tasks/{number}", secret)).status,
            (await api.change_task(number, "assign", secret, userid=colleague)).status,
            (await api.change_task(number, "done", secret, disposition="好")).status,
        ]
        for person, number in numbers.items()
    }
    assert answered == {person: [200 if person in CUSTOMERS_SEEN[branch] else 404] * 3 for person in EVERYBODY}
    assert {row["id"] for row in listed["tasks"]} == {numbers[person] for person in CUSTOMERS_SEEN[branch]}
    done = await stores.rows("SELECT id FROM task WHERE state = 'done'")
    assert {row["id"] for row in done} == {numbers[person] for person in CUSTOMERS_SEEN[branch]}


async def _answer(api: Served, route: AnyRoute, secret: str, customer_id: int) -> tuple[int, str]:
    """Return an answer with the id taken out that was asked for."""
    response = await api.ask(route.method, route.path.replace("{customer_id}", str(customer_id)), secret)
    return response.status, (await response.text()).replace(f"customer {customer_id} ", "customer ID ")


async def test_customers_of_the_scope_are_given_to_staff_of_the_scope_and_nothing_else_changes(
    api: Served, firm: Firm, stores: OpenStores, branch: str | None
) -> None:
    secret = await api.key(Permission.CUSTOMERS_ASSIGN, branch_id=await _branch_id(stores, branch))
    found = {}
    for person, customer_id in firm.customers.items():
        for userid in ("zhang", "wang", "zhao"):
            before = await _owner(stores, customer_id)
            response = await api.put_owner(customer_id, userid, secret)
            after = await _owner(stores, customer_id)
            if response.status == 200:
                assert (await response.json())["owner"]["userid"] == userid == after
                if before is not None:
                    await firm.give(person, before)
                else:
                    await stores.change("DELETE FROM customer_owner WHERE customer_id = :id", id=customer_id)
            else:
                assert after == before
            found[person, userid] = response.status
    assert found == {
        (person, userid): 422
        if userid not in STAFF_SEEN[branch]
        else 404
        if person not in CUSTOMERS_SEEN[branch]
        else 200
        for person in EVERYBODY
        for userid in ("zhang", "wang", "zhao")
    }


async def _owner(stores: OpenStores, customer_id: int) -> str | None:
    rows = await stores.rows(
        "SELECT s.userid FROM customer_owner o JOIN staff s ON s.id = o.staff_id WHERE o.customer_id = :id",
        id=customer_id,
    )
    return rows[0]["userid"] if rows else None
