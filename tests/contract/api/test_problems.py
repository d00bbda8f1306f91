"""Every error is a problem document that says what is wrong, and never how the server is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from content.rights import Permission
from tests.contract.api.served import Served, problem_of
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


@pytest.fixture
async def secret(api: Served) -> str:
    """Return a key that may everything."""
    return await api.key(*Permission)


async def test_an_unknown_path_is_not_found_whoever_asks(api: Served) -> None:
    for path in ("/nothing", "/customers/", "/customers/1/2", "/openapi.json/x", "/%00", "/me/%2e%2e"):
        problem = await problem_of(await api.ask("GET", path))
        assert (path, problem["status"], problem["type"]) == (path, 404, "urn:zhike:problem:not-found")


async def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_knows(api: Served) -> None:
    asked = {("POST", "/customers"): "GET", ("DELETE", "/customers/1/owner"): "PUT", ("PUT", "/openapi.json"): "GET"}
    for (method, path), allowed in asked.items():
        response = await api.ask(method, path)
        assert ((await problem_of(response))["status"], response.headers["Allow"]) == (405, allowed)


_WRONG: Final[Mapping[str, set[tuple[str, str]]]] = {
    "/customers?limit=0": {("query", "limit")},
    "/customers?limit=201": {("query", "limit")},
    "/customers?limit=1_0": {("query", "limit")},
    "/customers?limit=%2010": {("query", "limit")},
    "/customers?limit=5&limit=6": {("query", "limit")},
    "/customers?persn=z1": {("query", "persn")},
    "/customers?person=": {("query", "person")},
    "/customers?person=%00": {("query", "person")},
    "/customers?person=a%0A": {("query", "person")},
    "/customers?cursor=&limit=x": {("query", "cursor"), ("query", "limit")},
    "/customers?cursor=s0000000a": {("query", "cursor")},
    "/customers?cursor=c8000000000000000": {("query", "cursor")},
    "/customers/0": {("path", "customer_id")},
    "/customers/zhang": {("path", "customer_id")},
    "/customers/9223372036854775808": {("path", "customer_id")},
    "/customers/1?customer_id=2": {("query", "customer_id")},
    "/audit?subject=x%27--": {("query", "subject")},
    "/me?x=1": {("query", "x")},
}


async def test_what_cannot_be_is_named_field_by_field(api: Served, secret: str) -> None:
    found = {}
    for path in _WRONG:
        response = await api.ask("GET", path, secret)
        assert (path, response.status) == (path, 422)
        found[path] = {(error["in"], error["field"]) for error in (await problem_of(response))["errors"]}
    assert found == _WRONG


async def test_the_ends_of_what_can_be_are_taken(api: Served, secret: str) -> None:
    statuses = [
        (await api.ask("GET", path, secret)).status
        for path in (
            "/customers?limit=1",
            "/customers?limit=200&cursor=c7fffffffffffffff",
            "/staff?cursor=s7fffffff",
            "/customers/9223372036854775807",
            "/customers/1/timeline?cursor=t7fffffffffffffff7fffffffffffffff7fffffffffffffff",
            "/audit?limit=200&subject_id=9223372036854775807",
        )
    ]
    assert statuses == [200, 200, 200, 404, 200, 200]


#: Body, more headers, status, kind.
_BODIES: Final[Sequence[tuple[bytes, dict[str, str], int, str]]] = (
    (b"{", {}, 400, "malformed"),
    (b"", {}, 400, "malformed"),
    (b"\xff", {}, 400, "malformed"),
    (b"[" * 60000, {}, 400, "malformed"),
    (b"[]", {}, 422, "invalid"),
    (b"{}", {}, 422, "invalid"),
    (b'{"userid": 5}', {}, 422, "invalid"),
    (b'{"userid": "li", "more": 1}', {}, 422, "invalid"),
    (b'{"userid": "\\ud800"}', {}, 400, "malformed"),
    (b'{"userid": "\\u0000"}', {}, 422, "invalid"),
    (b'{"userid": "li"}' + b" " * 65536, {}, 413, "too-large"),
    (b" " * 300_000, {}, 413, "too-large"),
    (b'{"userid": "li"}', {"Content-Type": "text/plain"}, 415, "media-type"),
    (b'{"userid": "li"}', {"Content-Encoding": "br2"}, 415, "media-type"),
)


async def test_a_body_that_cannot_be_taken_changes_nothing_and_uses_no_key_up(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    path, json_type = f"/customers/{firm.customers['z1']}/owner", {"Content-Type": "application/json"}
    for body, headers, status, kind in _BODIES:
        response = await api.ask("PUT", path, secret, word="w", data=body, headers={**json_type, **headers})
        problem = await problem_of(response)
        assert (body[:40], response.status, problem["type"]) == (body[:40], status, f"urn:zhike:problem:{kind}")
    assert await stores.count("idempotency") == 0


#: An idempotency key, the status, the kind of problem.
_WORDS: Final[Sequence[tuple[str | None, int, str | None]]] = (
    (None, 400, "idempotency-key-missing"),
    ("", 422, "invalid"),
    ("a b", 422, "invalid"),
    ("x" * 129, 422, "invalid"),
    ("知客", 422, "invalid"),
    ("x" * 128, 200, None),
    ("!~", 200, None),
)


async def test_a_write_needs_a_word_of_visible_ascii(api: Served, secret: str, firm: Firm) -> None:
    path = f"/customers/{firm.customers['z1']}/owner"
    for word, status, kind in _WORDS:
        response = await api.ask("PUT", path, secret, word=word, json={"userid": "li"})
        told = None if response.status == 200 else (await problem_of(response))["type"].rpartition(":")[2]
        assert (word, response.status, told) == (word, status, kind)


async def test_a_chunked_body_that_grows_too_large_is_refused(api: Served, secret: str, firm: Firm) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 4096

    path = f"/customers/{firm.customers['z1']}/owner"
    response = await api.ask("PUT", path, secret, word="w", data=chunks(), headers={"Content-Type": "application/json"})
    assert (await problem_of(response))["status"] == 413


async def test_a_database_that_fails_is_said_with_a_time_to_come_again(
    api: Served, secret: str, stores: OpenStores
) -> None:
    await stores.change("ALTER TABLE audit_entry RENAME TO gone")
    with capture_logs() as lines:
        response = await api.ask("GET", "/customers", secret)
    problem = await problem_of(response)

    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert "audit_entry" not in str(problem)
    assert [line["action"] for line in lines] == ["api_unavailable"]


async def test_a_failure_of_the_server_is_told_to_the_log_alone(api: Served, secret: str, stores: OpenStores) -> None:
    await stores.change("UPDATE api_key SET scope = 'galaxy'")
    with capture_logs() as lines:
        response = await api.ask("GET", "/me", secret)
    problem = await problem_of(response)

    assert response.status == 500
    assert "galaxy" not in str(problem)
    assert [(line["action"], line["exc_info"]) for line in lines] == [("api_failed", True)]


async def test_no_answer_is_kept_by_a_proxy_or_guessed_at_by_a_browser(api: Served, secret: str) -> None:
    for path in ("/customers", "/nothing"):
        headers = (await api.ask("GET", path, secret)).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
