"""Whose API key a request carries, and whether it permits the route."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import hdrs
from multidict import CIMultiDictProxy

from bot.web.api.problem import FORBIDDEN, UNAUTHORIZED, Refused
from bot.web.api.route import AnyRoute
from content.rights import Scope
from handlers.clock import Clock
from handlers.people.rights import viewer_of_key
from handlers.people.sign_in import digest_of
from storage.api_keys import ApiKeys
from storage.organisation import Organisation
from storage.viewer import Viewer

#: RFC 6750, section 2.1. Nothing else lets in: a browser sends no such header by itself, so a page of another site
#: can do nothing in somebody's name.
_BEARER: Final = re.compile(r"bearer +(zk_[A-Za-z0-9_-]{1,200})", re.IGNORECASE)
_CHALLENGE: Final = 'Bearer realm="zhike"'


class KeyHolders:
    """Finds who asks."""

    def __init__(self, *, keys: ApiKeys, organisation: Organisation, clock: Clock) -> None:
        self._keys = keys
        self._organisation = organisation
        self._clock = clock

    async def viewer(self, headers: CIMultiDictProxy[str]) -> Viewer:
        """Return who a request comes from. Raises Refused without a live key, and StorageError."""
        given = headers.getall(hdrs.AUTHORIZATION, [])
        if not given:
            raise _unknown("send the header Authorization: Bearer zk_… with an API key", _CHALLENGE)
        found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        key = None if found is None else await self._keys.find(digest_of(found[1]), now=self._clock.now())
        if key is None:
            # RFC 6750, section 3.1: a token was sent and is no good. Nothing tells whether it ever was.
            raise _unknown(
                "the API key is unknown, has ended or has expired; `zhike key list` shows which live",
                f'{_CHALLENGE}, error="invalid_token"',
            )
        return viewer_of_key(key, branch_ids=await self._organisation.branches_of(key.branch_id))


def permit(route: AnyRoute, viewer: Viewer) -> None:
    """Raise Refused, naming the permission, unless `viewer` may use the route."""
    if route.permission is not None and not viewer.may(route.permission):
        raise Refused(
            FORBIDDEN, f"the API key lacks the permission {route.permission}; ask for one", permission=route.permission
        )
    if route.is_whole and viewer.scope is not Scope.ALL:
        raise Refused(
            FORBIDDEN,
            f"{route.path} is not divided by branch: only a key that sees all may use {route.permission} here",
            permission=route.permission,
        )


def _unknown(detail: str, challenge: str) -> Refused:
    return Refused(UNAUTHORIZED, detail, headers={hdrs.WWW_AUTHENTICATE: challenge})
