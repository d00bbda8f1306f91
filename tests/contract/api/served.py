"""The API over real HTTP and a real database, and keys of every sort for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from bot.people import build_people
from bot.settings import Settings
from bot.web.api.app import PREFIX, build_api, build_routes
from content.rights import Permission, Scope
from handlers.people.sign_in import digest_of
from storage.database import Database
from storage.records import AccountRow
from tests.fakes.clock import ManualClock
from tests.fakes.handover_rooms import rooms_over
from tests.fakes.newsroom import built_in

#: What a callback may have, as the server the API is mounted in.
_LARGEST_CALLBACK: Final = 262144


class Served:
    """One process's API; it is mounted in another application as in the bot."""

    def __init__(
        self, database: Database, clock: ManualClock, *, home: Path, accounts: Sequence[AccountRow] = ()
    ) -> None:
        settings = Settings(home=home)
        self.clock = clock
        self.people = build_people(database, clock=clock, settings=settings, content=built_in())
        rooms = rooms_over(database, accounts, settings=settings, clock=clock)
        self.routes = build_routes(self.people, handover=rooms, database=database, clock=clock)
        app = web.Application(client_max_size=_LARGEST_CALLBACK)
        api = build_api(self.people, handover=rooms, database=database, clock=clock, settings=settings)
        app.add_subapp(PREFIX, api)
        self.client = TestClient(TestServer(app))

    async def key(
        self,
        *permissions: Permission,
        branch_id: int | None = None,
        days: float | None = None,
    ) -> str:
        """Make a key and return its secret; without a branch it sees all."""
        secret = f"zk_{secrets.token_urlsafe(32)}"
        now = self.clock.now()
        await self.people.keys.add(
            digest_of(secret),
            name="crm",
            permissions=permissions,
            scope=Scope.ALL if branch_id is None else Scope.BRANCH,
            branch_id=branch_id,
            created_by=None,
            now=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        return secret

    async def ask(
        self, method: str, path: str, secret: str | None = None, *, word: str | None = None, **more: Any
    ) -> ClientResponse:
        """Send a request with a key's secret and, for a write, an idempotency key."""
        headers = dict(more.pop("headers", {}))
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        if word is not None:
            headers["Idempotency-Key"] = word
        return await self.client.request(method, PREFIX + path, headers=headers, **more)

    async def get(self, path: str, secret: str | None = None, **more: Any) -> Any:
        """Return the JSON of a successful reading."""
        response = await self.ask("GET", path, secret, **more)
        assert response.status == 200, await response.text()
        return await response.json()

    async def put_owner(
        self, customer_id: int, userid: str, secret: str, *, word: str | None = None, **more: Any
    ) -> ClientResponse:
        """Ask for another owner, under a word of its own unless one is given."""
        word = secrets.token_hex(8) if word is None else word
        return await self.ask(
            "PUT", f"/customers/{customer_id}/owner", secret, word=word, json={"userid": userid, **more}
        )

    async def change_task(
        self, number: int, change: str, secret: str, *, word: str | None = None, **body: Any
    ) -> ClientResponse:
        """Ask to end or give a task, under a word of its own unless one is given."""
        word = secrets.token_hex(8) if word is None else word
        return await self.ask("POST", f"/tasks/{number}/{change}", secret, word=word, json=body)

    async def serve(
        self, number: int, step: str, secret: str, *, word: str | None = None, **body: Any
    ) -> ClientResponse:
        """Ask for a step of a handover, under a word of its own unless one is given."""
        word = secrets.token_hex(8) if word is None else word
        return await self.ask("POST", f"/handovers/{number}/{step}", secret, word=word, json=body)


async def problem_of(response: ClientResponse) -> dict[str, Any]:
    """Return a problem document, after a look at what every one must have."""
    assert response.content_type == "application/problem+json", await response.text()
    problem: dict[str, Any] = await response.json()
    assert problem["status"] == response.status
    assert problem["type"].startswith("urn:zhike:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in str(problem)
    return problem


def persons(cards: Iterable[dict[str, Any]]) -> set[str]:
    """Return the people on cards."""
    return {contact["person"] for card in cards for contact in card["contacts"]}
