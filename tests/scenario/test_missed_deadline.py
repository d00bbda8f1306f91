"""A reply that misses its deadline on an account that cannot write by itself: the platform's next attempt fetches it.

What makes it late is the database: the test holds SQLite's write lock until the platform gave the first attempt up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy.engine import make_url

from tests.scenario.places import PASSIVE_ONLY
from tests.scenario.town import Town

pytestmark = pytest.mark.only_on("sqlite")

_REPLIES = (
    "SELECT r.state FROM reply r JOIN message m ON m.account_id = r.account_id AND m.seq = r.out_seq "
    "JOIN identity i ON i.id = m.identity_id WHERE i.external_id = :p"
)


@contextmanager
def slow_writing(town: Town) -> Iterator[None]:
    """Let whoever writes to the database wait until the end of the block (the bot's writer waits ten seconds)."""
    with closing(sqlite3.connect(str(make_url(town.database_url).database), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def test_a_reply_that_missed_its_deadline_is_fetched_by_the_platforms_next_attempt(town: Town) -> None:
    person = "patient"
    openid = PASSIVE_ONLY.openid(person)
    town.follow(PASSIVE_ONLY, person)
    mark = town.mark()
    with slow_writing(town):
        town.says(PASSIVE_ONLY, person, "怎么报案", wait=False)
        town.wait_for(1, after=mark, what="push", attempt=1)
        town.advance(5.25)
        town.wait_for(1, after=mark, what="push", attempt=2)
        recorded_in_time = town.log_of(PASSIVE_ONLY, person)

    def is_shown() -> bool:
        if town.record(after=mark, what="shown", person=person):
            return True
        town.advance(0.25)  # an attempt that began to wait too late for its own process looks again as time goes on
        return False

    town.until(is_shown, "the reply to be shown")
    shown = town.record(after=mark, what="shown", person=person)
    answers = [(line["attempt"], line["result"]) for line in town.record(after=mark, what="answer")]
    town.until(lambda: town.rows(_REPLIES, p=openid) == [("sent",)], "the reply to be noted as sent")
    town.advance(20)

    assert recorded_in_time == []
    assert answers[0] == (1, "timeout")
    # On a slow machine the second attempt may be over too.
    assert [result for _, result in answers[1:]] in (["reply"], ["timeout", "reply"])
    assert [(line["via"], line["text"][:5]) for line in shown] == [("passive", "先照顾好人")]
    assert len(town.seen(PASSIVE_ONLY, person)) == 1
    assert town.log_of(PASSIVE_ONLY, person) == [("in", "text"), ("out", "text")]
    assert town.deliveries(PASSIVE_ONLY, person) == []
