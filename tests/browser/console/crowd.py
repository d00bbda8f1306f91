"""A log of 100,000 messages, made in the database itself: through the log's entrance it would take minutes."""

from __future__ import annotations

from typing import Final

from tests.browser.console.desk import Desk
from tests.browser.console.work import index

MESSAGES: Final = 100_000
#: What one customer said once, and nobody else.
SOUGHT: Final = "我妈妈的重疾险，甲状腺结节能不能理赔"

_NUMBERS: Final = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count),"
    " firsts AS (SELECT min(seq) AS seq FROM message WHERE account_id = :account AND kind = 'text'"
    "  AND direction = 'in' GROUP BY identity_id),"
    " people AS (SELECT message.*, row_number() OVER (ORDER BY message.seq) - 1 AS place, count(*) OVER () AS many"
    "  FROM message JOIN firsts ON firsts.seq = message.seq WHERE message.account_id = :account)"
)
#: Each person's first message lends its row; they speak in turn.
_MESSAGES: Final = (
    "INSERT INTO message (account_id, seq, month, direction, kind, identity_id, conversation_id, sent_at, recorded_at,"
    f" digest) {_NUMBERS} SELECT account_id, :last + n, month, 'in', 'text', identity_id, conversation_id, sent_at,"
    " recorded_at, digest FROM numbers JOIN people ON place = n % many"
)
_CONTENTS: Final = (
    "INSERT INTO content (account_id, seq, month, fields, salt) SELECT account_id, seq, month,"
    " '{\"content\":\"第' || (seq - :last) || '个问题：保单什么时候生效\"}', x'00' FROM message"
    " WHERE account_id = :account AND seq > :last"
)
_SOUGHT: Final = (
    "UPDATE content SET fields = '{\"content\":\"' || :words || '\"}' WHERE account_id = :account AND seq ="
    " (SELECT min(seq) FROM message JOIN identity ON identity.id = message.identity_id"
    "  WHERE account_id = :account AND seq > :last + :count / 3 AND identity.customer_id = :customer)"
)


async def gather(desk: Desk, *, person: str) -> None:
    """Let the firm's customers say 100,000 things on SQLite, `person` among them what is sought; index them all."""
    account = desk.account.id
    last = (await desk.stores.one("SELECT max(seq) AS seq FROM message WHERE account_id = :account", account=account))[
        "seq"
    ]
    here = {"account": account, "last": last}
    assert await desk.stores.change(_MESSAGES, count=MESSAGES, **here) == MESSAGES
    assert await desk.stores.change(_CONTENTS, **here) == MESSAGES
    customer = desk.firm.customers[person]
    assert await desk.stores.change(_SOUGHT, words=SOUGHT, count=MESSAGES, customer=customer, **here) == 1
    await desk.stores.change(
        "UPDATE account SET last_seq = :last WHERE id = :account", account=account, last=last + MESSAGES
    )
    await index(desk)
