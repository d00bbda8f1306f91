"""Who gets a WeCom application message. WeCom doc: send application messages (touser, toparty, totag)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.errors import ApiError
from bot.sandbox.world import WecomApp

_MAX_USERS = 1000
_MAX_PARTIES = 100
_MAX_TAGS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """The members a message goes to, each once, and what could not be resolved."""

    members: list[str]
    invalid_users: list[str]
    invalid_parties: list[str]
    invalid_tags: list[str]

    def invalid(self) -> dict[str, str]:
        """Return what could not be resolved as fields of the answer; userids come back in lower case."""
        lists = {
            "invaliduser": [userid.lower() for userid in self.invalid_users],
            "invalidparty": self.invalid_parties,
            "invalidtag": self.invalid_tags,
        }
        return {name: "|".join(values) for name, values in lists.items() if values}


def receivers_of(app: WecomApp, body: Mapping[str, Any]) -> Receivers:
    """Return who the request `body` addresses.

    Raises:
        ApiError: 82001 nobody, 40031 more than 1000 userids, 82002 more than 100 parties, 82003 more than 100 tags.
    """
    users, parties, tags = (_split(body.get(name)) for name in ("touser", "toparty", "totag"))
    if not users and not parties and not tags:
        raise ApiError(82001)
    if len(users) > _MAX_USERS:
        raise ApiError(40031)
    if len(parties) > _MAX_PARTIES:
        raise ApiError(82002)
    if len(tags) > _MAX_TAGS:
        raise ApiError(82003)
    reachable = [member for member in app.corp.members if member.userid not in app.left]
    if users == ["@all"]:
        everybody = [member.userid for member in reachable]
        return Receivers(members=everybody, invalid_users=[], invalid_parties=[], invalid_tags=[])
    by_id = {member.userid.lower(): member.userid for member in reachable}
    named = [by_id[user.lower()] for user in users if user.lower() in by_id]
    grouped = [m.userid for m in reachable if _meets(parties, m.parties) or _meets(tags, m.tags)]
    return Receivers(
        members=list(dict.fromkeys([*named, *grouped])),
        invalid_users=[user for user in users if user.lower() not in by_id],
        invalid_parties=[party for party in parties if not any(_meets([party], m.parties) for m in reachable)],
        invalid_tags=[tag for tag in tags if not any(_meets([tag], m.tags) for m in reachable)],
    )


def _split(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, str):
        raise ApiError(40058, "touser, toparty and totag are strings joined by |")
    return [part for part in value.split("|") if part]


def _meets(wanted: list[str], has: list[int]) -> bool:
    return any(str(number) in wanted for number in has)
