"""Content over the API: written, reviewed and stopped in the name of staff, by two people and never by one."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest

from content.piece import Piece
from content.rights import Permission
from tests.contract.api.served import Served, problem_of
from tests.fakes.firm import Firm
from tests.fakes.newsroom import Newsroom, piece, png
from tests.fakes.stores import OpenStores


class Client:
    """Another system with a key for everything about content."""

    def __init__(self, api: Served, secret: str) -> None:
        self.api = api
        self.secret = secret
        self._word = 0

    async def does(self, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Send a write under a word of its own; return status and answer."""
        self._word += 1
        # A picture is larger than aiohttp likes to send from memory.
        sent = {"data": BytesIO(json.dumps(body).encode()), "headers": {"Content-Type": "application/json"}}
        response = await self.api.ask(method, path, self.secret, word=f"w{self._word}", **sent)
        if response.status >= 400:
            return response.status, await problem_of(response)
        return response.status, await response.json()


def _json(draft: Piece) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(draft.model_dump_json())
    return found


@pytest.fixture
async def client(api: Served) -> Client:
    return await _client(api)


@pytest.fixture
async def desk(api: Served) -> Client:
    """Return another system, in which others review."""
    return await _client(api)


async def _client(api: Served) -> Client:
    secret = await api.key(
        Permission.CONTENTS_READ, Permission.CONTENTS_WRITE, Permission.CONTENTS_REVIEW, Permission.CONTENTS_STOP
    )
    return Client(api, secret)


async def test_the_whole_way_of_a_version_by_two_people(client: Client, desk: Client, stores: OpenStores) -> None:
    status, made = await client.does("POST", "/contents", userid="qian", piece=_json(piece("全国排名第一")))
    assert (status, made["state"], made["sendable"]) == (200, "draft", False)
    one = f"/contents/{made['id']}"

    status, problem = await client.does("POST", f"{one}/submit", userid="qian", revision=1)
    assert (status, problem["type"]) == (409, "urn:zhike:problem:unanswered")
    [error] = problem["errors"]
    assert error["field"] == "piece.variants.A.text"
    finding = error["message"].split()[0]
    status, _ = await client.does("POST", f"{one}/submit", userid="qian", revision=1, answers={finding: "协会年报"})
    assert status == 200

    decision = {"number": 1, "revision": 2}
    status, problem = await desk.does("POST", f"{one}/approve", userid="qian", **decision)
    assert (status, problem["errors"][0]["field"]) == (422, "userid")  # a manager reviews nothing
    await stores.change("UPDATE staff SET role = 'reviewer' WHERE userid = 'qian'")
    status, problem = await desk.does("POST", f"{one}/approve", userid="qian", **decision)
    assert (status, problem["type"]) == (409, "urn:zhike:problem:own-work")
    # The key that wrote cannot be the second person, whomever it names.
    status, problem = await client.does("POST", f"{one}/approve", userid="zhou", **decision)
    assert (status, problem["type"]) == (409, "urn:zhike:problem:own-work")
    status, problem = await desk.does("POST", f"{one}/approve", userid="zhou", number=1, revision=1)
    assert (status, problem["type"]) == (409, "urn:zhike:problem:late")
    status, approved = await desk.does("POST", f"{one}/approve", userid="zhou", **decision)
    assert (status, approved["state"], approved["sendable"]) == (200, "approved", True)

    seen = await client.api.get(one, client.secret)
    [version] = seen["versions"]
    assert (version["author"], version["reviewer"], version["findings"][0]["answer"]) == ("Qian", "Zhou", "协会年报")
    rows = await stores.rows("SELECT viewer, api_key_id FROM audit_entry WHERE action = 'content_approved'")
    assert [(row["viewer"], row["api_key_id"] is not None) for row in rows] == [("Zhou", True)]


async def test_a_change_asked_for_again_after_a_crash_is_done_once(
    client: Client, desk: Client, stores: OpenStores
) -> None:
    _, made = await client.does("POST", "/contents", userid="qian", piece=_json(piece()))
    _, again = await client.does("POST", "/contents", userid="qian", piece=_json(piece()))
    assert again["id"] == made["id"]
    one, other = f"/contents/{made['id']}", _json(piece("生日快乐！"))
    for _ in range(2):
        status, saved = await client.does("PUT", one, userid="qian", number=1, revision=1, piece=other)
        assert (status, saved["revision"]) == (200, 2)
    await client.does("POST", f"{one}/submit", userid="qian", revision=2)
    for _ in range(2):
        status, _ = await desk.does("POST", f"{one}/approve", userid="zhou", number=1, revision=3)
        assert status == 200
    counted = await stores.rows(
        "SELECT action, count(*) AS n FROM audit_entry WHERE subject = 'content' GROUP BY action"
    )
    assert {row["n"] for row in counted} == {1}


async def test_what_is_critical_is_not_reviewed_and_a_taken_key_is_told(client: Client) -> None:
    _, made = await client.does("POST", "/contents", userid="qian", piece=_json(piece("稳赚不赔")))
    status, problem = await client.does("POST", f"/contents/{made['id']}/submit", userid="qian", revision=1)
    assert (status, problem["type"]) == (409, "urn:zhike:problem:blocked")
    assert "稳赚不赔" in problem["errors"][0]["message"]
    status, problem = await client.does("POST", "/contents", userid="qian", piece=_json(piece("别的")))
    assert (status, problem["type"]) == (409, "urn:zhike:problem:key-taken")
    status, problem = await client.does(
        "PUT", f"/contents/{made['id']}", userid="qian", number=1, revision=1, piece=_json(piece(key="other"))
    )
    assert (status, problem["errors"][0]["field"]) == (422, "piece.key")


async def test_a_stop_is_listed_lifted_and_for_products_a_matter_of_who_sees_all(
    client: Client, stores: OpenStores, firm: Firm
) -> None:
    item = await Newsroom(stores, firm, client.api.clock).approved()
    stop = f"/contents/{item.id}/stop"
    status, problem = await client.does("PUT", stop, userid="zhou", stopped=True)
    assert (status, problem["errors"][0]["field"]) == (422, "reason")
    status, standing = await client.does("PUT", stop, userid="zhou", stopped=True, reason="条款有误")
    assert (status, standing) == (200, {"stopped": True, "waiting": 0, "messages": []})
    product = {"product": "安心医疗", "stopped": True, "reason": "停售"}
    assert (await client.does("PUT", "/product-stop", userid="zhou", **product))[0] == 422
    assert (await client.does("PUT", "/product-stop", userid="wu", **product))[0] == 200

    stops = (await client.api.get("/content-stops", client.secret))["stops"]
    assert [(each["content"], each["product"], each["by"]) for each in stops] == [
        (None, "安心医疗", "Wu"),
        ("birthday", None, "Zhou"),
    ]
    assert (await client.api.get(f"/contents/{item.id}", client.secret))["sendable"] is False
    status, _ = await client.does("PUT", stop, userid="zhou", stopped=False)
    assert status == 200
    assert (await client.api.get(f"/contents/{item.id}", client.secret))["sendable"] is True


async def test_a_picture_is_taken_by_its_bytes_up_to_its_limit(client: Client) -> None:
    large = png() + b"\0" * (2 * 1024 * 1024 - 2000)
    large = large[:-12] + png()[-12:]
    status, kept = await client.does("PUT", "/content-pictures", userid="qian", picture=b64encode(large).decode())
    assert (status, kept["content_type"]) == (200, "image/png")
    for bad in ("!!", b64encode(b"<svg/>").decode()):
        status, problem = await client.does("PUT", "/content-pictures", userid="qian", picture=bad)
        assert (status, problem["errors"][0]["field"]) == (422, "picture")
    too_large = b64encode(b"\0" * 3_000_000).decode()
    assert (await client.does("PUT", "/content-pictures", userid="qian", picture=too_large))[0] == 413


async def test_lists_are_paged_and_narrowed(client: Client, stores: OpenStores, firm: Firm) -> None:
    newsroom = Newsroom(stores, firm, client.api.clock)
    for number in range(3):
        await newsroom.draft(piece(key=f"k{number}"))
    await newsroom.submitted(piece(key="k3"))
    first = await client.api.get("/contents?limit=3", client.secret)
    second = await client.api.get(f"/contents?limit=3&cursor={first['next']}", client.secret)
    assert [each["key"] for each in (*first["contents"], *second["contents"])] == ["k3", "k2", "k1", "k0"]
    waiting = await client.api.get("/contents?state=in_review&kind=text", client.secret)
    assert [each["key"] for each in waiting["contents"]] == ["k3"]
    assert (await client.api.get("/contents?kind=card", client.secret))["contents"] == []
