"""Somebody makes the search index anew from the log: beside a serving bot and without one, on both databases."""

from __future__ import annotations

import json

from tests.scenario.conftest import OpenTown
from tests.scenario.places import SERVICE
from tests.scenario.town import Town

#: More than the smallest block, 64 rows, so that there is an index at all.
_ROWS = 80
_RESERVE = "UPDATE account SET last_seq = last_seq + :rows WHERE name = :name RETURNING id, last_seq - :rows"
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)"
_COLUMNS = "direction, kind, identity_id, conversation_id, sent_at, recorded_at, digest"
_FIRST = "seq = (SELECT min(seq) FROM content WHERE account_id = :account) AND account_id = :account"
#: Said in the log itself: through the bot it would take a minute.
_MESSAGES = (
    f"INSERT INTO message (account_id, seq, month, {_COLUMNS}) {_NUMBERS}"
    f" SELECT account_id, :last + n, month, {_COLUMNS} FROM message CROSS JOIN numbers WHERE {_FIRST} RETURNING seq"
)
_CONTENTS = (
    f"INSERT INTO content (account_id, seq, month, fields, salt) {_NUMBERS}"
    f" SELECT account_id, :last + n, month, fields, salt FROM content CROSS JOIN numbers WHERE {_FIRST} RETURNING seq"
)
_POSTINGS = "SELECT size, first_seq, lead, packed FROM search_posting ORDER BY account_id, size, first_seq, lead"
_DESTROY = "DELETE FROM search_posting RETURNING lead"
_AUDIT = "SELECT subject FROM audit_entry WHERE action = 'rebuilt'"


def _index(town: Town) -> list[tuple[object, ...]]:
    return [(*key, bytes(packed)) for *key, packed in town.rows(_POSTINGS)]


def _fill(town: Town) -> None:
    town.follow(SERVICE, "speaker")
    town.says(SERVICE, "speaker", "保单什么时候生效")
    [(account, last)] = town.rows(_RESERVE, rows=_ROWS, name=SERVICE.name)
    for statement in (_MESSAGES, _CONTENTS):
        assert len(town.rows(statement, rows=_ROWS, account=account, last=last)) == _ROWS


def _rebuild(town: Town) -> None:
    done = town.command("search", "rebuild")
    assert done.returncode == 0, done.stderr
    [(written,)] = town.rows("SELECT sum(last_seq) FROM account")
    assert json.loads(done.stdout) == {"read": written, "written": written}
    assert f"{written} of {written} messages are read" in done.stderr


def test_the_index_is_made_anew_beside_a_serving_bot_and_without_one(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE])
    _fill(town)
    town.rows(_DESTROY)
    _rebuild(town)
    whole = _index(town)
    assert [row for row in whole if row[:2] == (64, 0)]

    town.stop_bot()
    assert len(town.rows(_DESTROY)) == len(whole)
    _rebuild(town)
    assert _index(town) == whole
    assert town.rows(_AUDIT) == [("search",)] * 2
