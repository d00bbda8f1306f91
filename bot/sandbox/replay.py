"""What a restarted sandbox still knows: who follows, and what may be sent to them, from its own record.

Every push of an act is on record, and every customer-service message that was shown. What is not on record is gone as
it would be with another platform: tokens (the bot is told 40001 and fetches one), codes, media, menus and chats.
"""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.quota import MESSAGE, TAP, Grant
from bot.sandbox.record import Record
from bot.sandbox.world import Follower, OfficialAccount, World

_LINES_AT_ONCE = 5000
#: Acts and raw events that grant what a tap grants.
_TAPS = frozenset({"follow", "scan", "click", "scancode_push", "scancode_waitmsg", "subscribe", "SCAN", "CLICK"})


async def replay(record: Record, world: World) -> None:
    """Let `world` be as the lines of an earlier run left it."""
    after = 0
    while lines := await record.read(after=after, limit=_LINES_AT_ONCE):
        after += len(lines)
        for raw in lines:
            if b'"what":"push"' in raw or b'"via":"custom_send"' in raw:
                _apply(json.loads(raw), world)


def _apply(line: dict[str, Any], world: World) -> None:
    app = world.apps.get(line["account"])
    if app is not None and line["what"] == "push":
        if line["kind"] == "unfollow":
            app.left.add(line["person"])
        elif line["kind"] == "follow":
            app.left.discard(line["person"])
    account = world.official.get(line["account"])
    if account is None:
        return  # an application, or an account that the configuration no longer has
    person = world.person(line["person"]).id
    if line["what"] == "shown":
        account.quota.take(account.openid(person), now=line["at"])
    elif line["attempt"] == 1 and not line.get("duplicate"):
        _act(line, account, person)


def _act(line: dict[str, Any], account: OfficialAccount, person: str) -> None:
    openid, kind = account.openid(person), line["kind"]
    account.last_act[openid] = line["at"]
    if kind == "unfollow":
        account.followers.pop(person, None)
        account.quota.close(openid)
        return
    # Nobody else can act: people who were made followers without telling the bot are known by what they did since.
    scene = line["text"] if kind in ("follow", "scan") else ""
    account.followers.setdefault(person, Follower(since=line["at"], scene=scene))
    grant: Grant | None = MESSAGE if line["key"].startswith("m:") else TAP if kind in _TAPS else None
    if grant is not None:
        account.quota.trigger(openid, grant, now=line["at"])
