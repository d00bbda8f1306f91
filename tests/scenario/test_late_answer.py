"""An answer that is not ready in time: acknowledged at the deadline, sent by itself when it is there, seen once.

What makes it late is a slow database: a lock that the test holds on a part of the log which only this route reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.scenario.places import PASSIVE_ONLY, SERVICE, Place
from tests.scenario.town import Town

pytestmark = pytest.mark.only_on("postgresql")

_EMPTY_MONTH = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'content'::regclass AND c.relname ~ '[0-9]{6}$' ORDER BY c.relname DESC LIMIT 1"
)
_HANDLED = (
    "SELECT count(*) FROM work w JOIN identity i ON i.id = w.identity_id WHERE i.external_id = :p AND w.state = 'done'"
)
_WAITING = (
    "SELECT w.via FROM work w JOIN identity i ON i.id = w.identity_id WHERE i.external_id = :p AND w.state = 'ready'"
)


@contextmanager
def slow_reading(town: Town) -> Iterator[None]:
    """Let whoever reads back what was said wait until the end of the block; writing goes on."""
    url = make_url(town.database_url).set(drivername="postgresql").render_as_string(hide_password=False)

    async def lock() -> tuple[Any, Any]:
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        month = await connection.fetchval(_EMPTY_MONTH)
        await connection.execute(f'LOCK TABLE "{month}" IN ACCESS EXCLUSIVE MODE')
        return connection, transaction

    with asyncio.Runner() as runner:
        connection, transaction = runner.run(lock())
        try:
            yield
        finally:
            runner.run(transaction.rollback())
            runner.run(connection.close())


def _ask_slowly(town: Town, place: Place, person: str) -> int:
    """Let the person be offered choices and type one whose answer is slow; return the record's mark before that."""
    town.follow(place, person)
    town.act(place, person, "click", key="claim")
    mark = town.mark()
    town.says(place, person, "2", wait=False)
    town.until(lambda: town.rows(_WAITING, p=place.openid(person)) == [(None,)], "the message to be recorded")
    return mark


def test_at_the_deadline_the_callback_is_acknowledged_and_the_answer_comes_by_itself(town: Town) -> None:
    with slow_reading(town):
        mark = _ask_slowly(town, SERVICE, "waits")
        town.advance(4.75)
        answered = town.wait_for(1, after=mark, what="answer")
        chosen = town.rows(_WAITING, p=SERVICE.openid("waits"))
    shown = town.wait_for(1, after=mark, what="shown", person="waits")
    assert [line["result"] for line in answered] == ["empty"]
    assert chosen == [("outbox",)]
    assert [(line["via"], "理赔一般会用到" in line["text"]) for line in shown] == [("custom_send", True)]
    assert town.settled(SERVICE, "waits") == [("sent", None, 1)]
    town.advance(20)
    assert len(town.seen(SERVICE, "waits")) == 2


def test_an_account_that_cannot_write_by_itself_lets_the_platform_come_again_and_answers_then(town: Town) -> None:
    with slow_reading(town):
        mark = _ask_slowly(town, PASSIVE_ONLY, "waits-longer")
        town.advance(4.9)
    town.until(lambda: town.rows(_HANDLED, p=PASSIVE_ONLY.openid("waits-longer")) == [(2,)], "the answer to be ready")
    town.advance(0.35)
    shown = town.wait_for(1, after=mark, what="shown", person="waits-longer")
    results = [(line["attempt"], line["result"]) for line in town.record(after=mark, what="answer")]
    assert results == [(1, "timeout"), (2, "reply")]
    assert [(line["via"], "理赔一般会用到" in line["text"]) for line in shown] == [("passive", True)]


def test_a_process_killed_while_it_handles_is_followed_by_one_that_answers_once(own_town: Town) -> None:
    with slow_reading(own_town):
        mark = _ask_slowly(own_town, SERVICE, "bereft")
        own_town.kill_bot()
    own_town.start_bot()
    own_town.advance(5)
    own_town.until(lambda: own_town.record(after=mark, what="push", attempt=2) != [], "the second attempt")
    own_town.advance(5)
    shown = own_town.wait_for(1, after=mark, what="shown", person="bereft")
    assert "理赔一般会用到" in shown[0]["text"]
    own_town.advance(20)
    assert len(own_town.seen(SERVICE, "bereft")) == 2
    assert own_town.record(after=mark, what="gave_up") == []
    assert own_town.log_of(SERVICE, "bereft") == [
        ("in", "menu_click"),
        ("out", "menu"),
        ("in", "text"),
        ("out", "text"),
    ]
