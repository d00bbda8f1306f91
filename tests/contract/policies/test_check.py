"""`zhike check` and the source of policies: the drop as a policy system leaves it, the service over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.check import Finding, run_checks
from bot.checks import policy_probe
from bot.settings import Settings
from tests.fakes.clock import ManualClock
from tests.fakes.policy_drop import HOLDERS, write_drop
from tests.fakes.policy_service import SECRET, PolicyService


def _settings(home: Path, **policies: Any) -> Settings:
    needed = {"codes_url": "https://sms.example.com", "codes_secret": "s", "code_key": "k" * 32}
    return Settings.model_validate({"home": home, "policies": {**needed, **policies}})


async def _found(settings: Settings, clock: ManualClock, **probes: Any) -> Finding:
    findings = await run_checks(settings, clock=clock, **probes)
    [found] = [finding for finding in findings if finding.subject == "保单来源"]
    return found


async def test_a_drop_that_is_whole_and_young_is_well(tmp_path: Path, clock: ManualClock) -> None:
    write_drop(tmp_path / "drop", clock.now())
    found = await _found(_settings(tmp_path, source="csv", folder="drop"), clock)
    assert found.level == "ok"
    await clock.advance(49 * 3600)
    found = await _found(_settings(tmp_path, source="csv", folder="drop"), clock)
    assert (found.level, "已有 49 小时，超过 stale_hours（48 小时）" in found.sentence) == ("error", True)


async def test_each_flaw_of_a_drop_has_its_sentence(tmp_path: Path, clock: ManualClock) -> None:
    settings, drop = _settings(tmp_path, source="csv", folder="drop"), tmp_path / "drop"
    assert "不存在" in (await _found(settings, clock)).sentence
    drop.mkdir()
    found = await _found(settings, clock)
    assert (found.level, "还没有 drop.json" in found.sentence) == ("warn", True)
    write_drop(drop, clock.now(), lines={"holders": ("holder,name,tail,phone", *HOLDERS[1:])})
    assert "lacks ['id_tail'] and has ['tail']" in (await _found(settings, clock)).sentence
    (drop / "holders.csv").unlink()
    assert "holders.csv cannot be read" in (await _found(settings, clock)).sentence
    (drop / "drop.json").write_text("{}", "utf-8")
    found = await _found(settings, clock)
    assert (found.level, "drop.json cannot be read" in found.sentence) == ("error", True)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("answer", "secret", "said"),
    [
        (None, SECRET, None),
        (None, "wrong", "HTTP 401"),
        (web.json_response({"nobody": 1}), SECRET, "cannot be read at 'holder'"),
        (web.json_response({"holder": "H1"}), SECRET, "it knows a holder who is nobody"),
    ],
)
async def test_the_service_is_asked_after_nobody(
    tmp_path: Path,
    clock: ManualClock,
    http: aiohttp.ClientSession,
    answer: web.StreamResponse | None,
    secret: str,
    said: str | None,
) -> None:
    service = PolicyService()

    async def trouble() -> web.StreamResponse | None:
        return answer

    service.trouble = trouble
    async with TestServer(service.application()) as server:
        settings = _settings(tmp_path, source="rest", url=str(server.make_url("")), secret=secret)
        found = await _found(settings, clock, policies=policy_probe(settings, http=http))
    assert found.level == ("ok" if said is None else "error")
    assert said is None or said in found.sentence


async def test_a_service_that_is_away_is_said(
    tmp_path: Path, clock: ManualClock, http: aiohttp.ClientSession, unused_tcp_port_address: str
) -> None:
    settings = _settings(tmp_path, source="rest", url=unused_tcp_port_address, secret=SECRET)
    found = await _found(settings, clock, policies=policy_probe(settings, http=http))
    assert (found.level, "POST /holders/find: Client" in found.sentence) == ("error", True)


@pytest.fixture
async def unused_tcp_port_address() -> str:
    """Return an address at which nobody listens any more."""
    async with TestServer(web.Application()) as server:
        return str(server.make_url(""))
