"""Another system follows the OpenAPI document to the letter, and against it: schemathesis over a served API."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import pytest

from bot.web.api.app import DOCUMENT, PREFIX
from content.benefits import Benefit
from content.rights import Permission
from storage.benefit_claims import BenefitClaims
from storage.benefit_reserving import Wanted
from storage.duty import Duties
from storage.handovers import Handovers
from storage.viewer import COMMAND_LINE
from tests.contract.api.served import Served
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.newsroom import Newsroom, piece
from tests.fakes.stores import OpenStores, open_stores

#: A userid is valid by the document and may still name nobody, a key of one write is no key of another, and 30 February
#: is no day: 422; a handover is another's by now: 409. Schemathesis expects neither of valid data.
_REFUSABLE: Final = (
    "POST /customers/{customer_id}/facts",
    "POST /fact-lists",
    "PUT /segments/{name}",
    "PUT /customers/{customer_id}/owner",
    "PUT /customers/{customer_id}/erasure",
    "PUT /customers/{customer_id}/hold",
    "POST /tasks/{task_id}/assign",
    "POST /tasks/{task_id}/done",
    "GET /tasks",
    "POST /handovers/{handover_id}/take",
    "POST /handovers/{handover_id}/reply",
    "POST /handovers/{handover_id}/pass",
    "POST /handovers/{handover_id}/close",
    "PUT /duty",
    "POST /contents",
    "PUT /contents/{content_id}",
    "POST /contents/{content_id}/submit",
    "POST /contents/{content_id}/take-back",
    "POST /contents/{content_id}/approve",
    "POST /contents/{content_id}/return",
    "POST /contents/{content_id}/withdraw",
    "PUT /contents/{content_id}/stop",
    "PUT /product-stop",
    "PUT /content-pictures",
    "POST /benefits",
    "PUT /benefits/{benefit_id}/open",
    "PUT /benefits/{benefit_id}/stock",
    "POST /benefits/{benefit_id}/codes",
    "POST /benefit-codes/redeem",
    "POST /benefit-codes/reverse",
    "POST /benefit-codes/expire",
    "POST /benefit-codes/exchange",
)
#: A step of a handover is done once, in a certain state: the order of the requests decides what comes of it, done or
#: refused by the desk. That each is done is shown by tests/contract/api/test_handovers.py.
_STEPS: Final = {f"POST /handovers/{{handover_id}}/{step}" for step in ("take", "reply", "pass", "close")} | {
    f"POST /contents/{{content_id}}/{step}" for step in ("submit", "take-back", "approve", "return", "withdraw")
}
#: And so does one of a benefit's code: tests/contract/benefits/test_moves.py.
_MOVES: Final = {f"POST /benefit-codes/{step}" for step in ("redeem", "reverse", "expire", "exchange")}
_CONFIG: Final = "".join(
    f"""
[[operations]]
include-name = "{operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422"]
"""
    for operation in _REFUSABLE
)


#: Wednesday 6 May 2026, 10:00 in China, in the hours.
_MORNING: Final = datetime(2026, 5, 6, 2, tzinfo=UTC)


async def _let_serve(stores: OpenStores, firm: Firm, number: int, clock: ManualClock) -> None:
    """Put zhang and li on duty, and let li serve a handover: the document's examples name them."""
    for userid in ("zhang", "li"):
        viewer = await firm.viewer(userid)
        assert viewer.staff_id is not None
        await Duties(stores.database).begin(viewer.staff_id, viewer=viewer, now=clock.now())
    handovers = Handovers(stores.database)
    row = await handovers.get(number)
    assert row is not None
    await handovers.accept(row, viewer=await firm.viewer("li"), now=clock.now())


async def _grant(stores: OpenStores, served: Served, clock: ManualClock) -> None:
    """Let somebody have a benefit under the code that the document's examples name."""
    benefit = Benefit(id="checkup", title="体检", supplier="安康", cost=Decimal(180), guide="到店报券码。")
    row = await served.people.benefits.make(COMMAND_LINE, benefit)
    await served.people.benefits.import_codes(COMMAND_LINE, row.id, ["AK-2026-0001"])
    identity = await stores.one("SELECT id FROM identity WHERE external_id = 'z1'")
    wanted = Wanted(benefit_id=row.id, identity_id=identity["id"])
    await BenefitClaims(stores.database).claim(wanted, key="document", now=clock.now())


class ServedApart:
    """The API of an insurer in a thread of its own, so that a client can ask from outside."""

    def __init__(self, database_url: str, home: Path) -> None:
        self._database_url = database_url
        self._home = home
        self._ready = Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=[self._serve()])
        self.url = ""
        self.secret = ""
        self.operations: set[str] = set()

    async def _serve(self) -> None:
        stores, clock = open_stores(self._database_url, home=self._home), ManualClock(_MORNING)
        try:
            rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
            firm = Firm(stores, rows["service"], clock)
            await firm.found()
            served = Served(stores.database, clock, home=self._home, accounts=[firm.account])
            await firm.hand_over("z1")
            await _let_serve(stores, firm, await firm.hand_over("l1"), clock)
            await firm.complain("z1")
            await Newsroom(stores, firm, clock).draft(piece(key="greeting"))
            await _grant(stores, served, clock)
            async with served.client:
                self.url = str(served.client.make_url(PREFIX))
                self.secret = await served.key(*Permission)
                self.operations = {f"{route.method} {route.path}" for route in served.routes}
                self._ready.set()
                await self._over.wait()
        finally:
            self._ready.set()
            await stores.close()

    def __enter__(self) -> ServedApart:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[ServedApart]:
    """Return an API that is served."""
    with ServedApart(database_url, tmp_path) as apart:
        yield apart


def _schemathesis(served: ServedApart, folder: Path) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Let schemathesis try everything; return how it ended, and its events."""
    config, report = folder / "schemathesis.toml", folder / "events.ndjson"
    config.write_text(_CONFIG, encoding="utf-8")
    command = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run", served.url + DOCUMENT),
        *("--header", f"Authorization: Bearer {served.secret}", "--checks", "all", "--max-examples", "10"),
        *("--seed", "1", "--no-color", "--report-ndjson-path", str(report)),
    ]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return run, [json.loads(line) for line in lines]


def _statuses(events: list[dict[str, Any]]) -> dict[str, set[int]]:
    """Return by operation every status it answered with."""
    found: dict[str, set[int]] = {}
    for recorder in (event["ScenarioFinished"]["recorder"] for event in events if "ScenarioFinished" in event):
        for name, interaction in recorder.get("interactions", {}).items():
            case = recorder["cases"][name]["value"]
            if interaction.get("response"):
                answered = found.setdefault(f"{case['method']} {case['path']}", set())
                answered.add(interaction["response"]["status_code"])
    return found


@pytest.mark.slow
def test_no_request_finds_a_failure_an_undocumented_answer_or_a_wrong_shape(
    served: ServedApart, tmp_path: Path
) -> None:
    run, events = _schemathesis(served, tmp_path)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    # It came in: each operation was done, and refused without a key.
    answered = _statuses(events)
    missing = {
        each: answered.get(each)
        for each in sorted(served.operations)
        if 401 not in answered[each] or not answered[each] & ({200, 409} if each in _STEPS | _MOVES else {200})
    }
    assert missing == {}
