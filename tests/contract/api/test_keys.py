"""Who gets in: a live key in the Authorization header, and nothing else."""

from __future__ import annotations

import re

from bot.web.api.app import PREFIX
from content.rights import Permission
from handlers.people.sign_in import digest_of
from tests.contract.api.served import Served, problem_of
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm

_PASSWORD = "correct horse battery"


async def test_a_live_key_is_told_what_it_is(api: Served) -> None:
    secret = await api.key(Permission.CUSTOMERS_READ, Permission.AUDIT_READ)
    assert await api.get("/me", secret) == {
        "name": "API crm",
        "permissions": ["audit.read", "customers.read"],
        "scope": "all",
    }


async def test_without_a_key_every_route_says_how_to_authenticate(api: Served) -> None:
    for route in api.routes:
        path = re.sub(r"\{\w+\}", "1", route.path)
        response = await api.ask(route.method, path)
        problem = await problem_of(response)
        assert (response.status, problem["type"]) == (401, "urn:zhike:problem:unauthorized")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="zhike"'


async def test_a_header_that_is_no_live_key_is_refused(api: Served) -> None:
    for header in ("", "Bearer", "Bearer zk_unknown", "Bearer zk_", "Basic emg6eg==", "zk_unknown", "Bearer zk_知客"):
        response = await api.ask("GET", "/me", headers={"Authorization": header})
        assert (header, (await problem_of(response))["status"]) == (header, 401)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="zhike", error="invalid_token"'


async def test_a_live_key_counts_as_a_bearer_token_alone(api: Served) -> None:
    secret = await api.key()
    found = {
        form: (await api.ask("GET", "/me", headers={"Authorization": form + secret})).status
        for form in ("", "Basic ", "Token ", "Bearer", "Bearer x", "Bearer ", "bearer ", "BEARER  ")
    }
    in_query = await api.ask("GET", f"/me?access_token={secret}")

    assert found == {"": 401, "Basic ": 401, "Token ": 401, "Bearer": 401, "Bearer x": 401} | dict.fromkeys(
        ("Bearer ", "bearer ", "BEARER  "), 200
    )
    assert in_query.status == 401


async def test_a_key_twice_is_no_key(api: Served) -> None:
    secret = await api.key()
    headers = [("Authorization", f"Bearer {secret}")] * 2
    response = await api.client.get(f"{PREFIX}/me", headers=headers)
    assert response.status == 401


async def test_a_key_ends_when_it_is_ended_and_when_its_time_is_over(api: Served, clock: ManualClock) -> None:
    ended, expiring, living = await api.key(), await api.key(days=1), await api.key()
    key = await api.people.keys.find(digest_of(ended), now=clock.now())
    assert key is not None
    await api.people.keys.end(key.id, now=clock.now())
    before = [(await api.ask("GET", "/me", secret)).status for secret in (ended, expiring, living)]
    await clock.advance(24 * 3600)
    after = [(await api.ask("GET", "/me", secret)).status for secret in (ended, expiring, living)]

    assert (before, after) == ([401, 200, 200], [401, 401, 200])


async def test_a_signed_in_browser_is_nobody_here(api: Served, firm: Firm) -> None:
    sign_in = api.people.sign_in
    await sign_in.set_password(await firm.organisation.find("sun"), _PASSWORD)
    session = await sign_in.by_password("sun", _PASSWORD)
    assert session is not None
    for headers in (
        {"Cookie": f"zhike_session={session}; session={session}"},
        {"Authorization": f"Bearer {session}"},
        {"Authorization": f"Bearer zk_{session}"},
    ):
        assert (await api.ask("GET", "/customers", headers=headers)).status == 401


async def test_the_document_is_for_everybody_and_names_every_route(api: Served) -> None:
    document = await api.get("/openapi.json")
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(route.method, route.path) for route in api.routes}
