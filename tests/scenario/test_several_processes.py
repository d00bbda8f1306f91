"""Two web, two worker and one scheduler process on one PostgreSQL, behind a balancer, on real time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.demo.day import play_day
from tests.scenario.places import ASSISTANT, START, Place
from tests.scenario.town import Town

pytestmark = pytest.mark.only_on("postgresql")

SERVICE = Place(name="service")
#: The accounts of the demonstration, under its names.
_PLACES = (
    SERVICE,
    Place(name="club", mode="compatible", format="json"),
    Place(name="branch", mode="plain"),
    ASSISTANT,
    Place(name="active", settings={"answers": "active"}),
)
_ROLES = {"web-1": ["web"], "web-2": ["web"], "worker-1": ["worker"], "worker-2": ["worker"], "ticks": ["scheduler"]}
_KEYS = ("policy", "renewal", "change", "products", "benefits", "notice", "person", "branches", "complaint", "messages")
_ORDER = (
    "SELECT r.in_seq, r.out_seq, w.handled_at FROM reply r "
    "JOIN work w ON w.account_id = r.account_id AND w.seq = r.in_seq "
    "JOIN identity i ON i.id = w.identity_id WHERE i.external_id = :person ORDER BY r.in_seq"
)


@pytest.fixture(scope="module")
def city(new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a town of five bot processes whose callbacks go to the two web processes in turn."""
    home = tmp_path_factory.mktemp("city")
    with Town(home, new_town_database(), clock="real", places=_PLACES, roles=_ROLES) as started:
        started.listen_through_balancer()
        yield started


@pytest.fixture
def asking_city(new_town_database: Callable[[], str], tmp_path: Path) -> Iterator[Town]:
    """Return such a town in which whoever writes first is asked for consents, as in the demonstration."""
    database, asks = new_town_database(), {"ask": True}
    with Town(tmp_path, database, clock="real", places=_PLACES, roles=_ROLES, consent=asks) as started:
        started.listen_through_balancer()
        yield started


def _carried(city: Town) -> list[int]:
    return [city.balancer.carried.get(city.bots[name].port, 0) for name in ("web-1", "web-2")]


def test_the_demonstrations_day_holds(asking_city: Town) -> None:
    async def play() -> list[str]:
        said: list[str] = []
        async with aiohttp.ClientSession() as http:
            bot_url = f"http://127.0.0.1:{asking_city.balancer.port}"
            await play_day(http, sandbox_url=asking_city.sandbox_url, bot_url=bot_url, say=said.append)
        return said

    before = _carried(asking_city)
    transcript = asyncio.run(play())
    assert len(transcript) > 60
    assert all(after - then > 10 for after, then in zip(_carried(asking_city), before, strict=True))


def test_what_one_customer_does_is_handled_in_order_whichever_process_hears_of_it(city: Town) -> None:
    city.follow(SERVICE, "restless")
    mark, before = city.mark(), _carried(city)
    city.acts(
        {"account": "service", "person": "restless", "act": "click", "key": _KEYS[n % 10], "create_time": START + n}
        for n in range(30)
    )
    shown = city.wait_for(30, after=mark, what="shown", person="restless")
    order = city.rows(_ORDER, person=SERVICE.openid("restless"))
    assert all(after > then for after, then in zip(_carried(city), before, strict=True))
    assert len(order) == len(shown) == 30
    assert order == sorted(order, key=lambda row: row[1])
    assert order == sorted(order, key=lambda row: row[2])
    assert Counter(line["via"] for line in shown)["tip"] == 0


def test_answers_that_leave_by_themselves_are_sent_once_by_whichever_worker(city: Town) -> None:
    people = [f"active-{number}" for number in range(40)]
    city.follow("active", *people)
    mark = city.mark()
    city.acts({"account": "active", "person": person, "act": "text", "text": f"回声 {person}"} for person in people)
    shown = city.wait_for(40, after=mark, what="shown", account="active")
    tokens = city.record(what="call", path="/cgi-bin/stable_token", account="active")
    assert Counter(line["text"] for line in shown) == Counter(f"收到：{person}" for person in people)
    assert len(tokens) <= 2, "the platform was asked for a token by every process, not by one for all"


def test_a_web_process_that_is_killed_under_load_costs_nobody_an_answer(city: Town) -> None:
    people = [f"survivor-{number}" for number in range(60)]
    city.follow(SERVICE, *people)
    mark = city.mark()
    city.acts({"account": "service", "person": person, "act": "text", "text": f"回声 {person}"} for person in people)
    city.wait_for(1, after=mark, what="shown")
    city.kill_bot("web-1")
    city.start_bot("web-1")
    shown = city.wait_for(60, after=mark, what="shown")
    assert Counter(line["text"] for line in shown) == Counter(f"收到：{person}" for person in people)
    assert city.record(after=mark, what="gave_up") == []


def test_each_process_stops_gracefully_and_the_log_verifies(city: Town) -> None:
    codes = {name: city.stop_bot(name) for name in _ROLES}
    done = city.verify()
    assert codes == dict.fromkeys(_ROLES, 0)
    assert done.returncode == 0, done.stdout
