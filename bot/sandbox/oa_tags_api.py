"""Tags of official accounts: which there are, who bears one, which somebody bears.

WeChat doc: user tags. 100 tags an account, 30 characters a name, pages of 10,000 by next_openid.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.world import OfficialAccount


class OfficialTagsApi:
    """The server APIs of tags; `page`: so many openids at once."""

    def __init__(self, *, page: int) -> None:
        self._page = page

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="GET", path="/cgi-bin/tags/get", handle=_tags),
            ApiRoute(method="POST", path="/cgi-bin/user/tag/get", handle=self._bearers),
            ApiRoute(method="POST", path="/cgi-bin/tags/getidlist", handle=_tags_of),
        ]

    def _bearers(self, call: Call[OfficialAccount]) -> Outcome:
        account, tag_id = call.holder, call.body.get("tagid")
        if not isinstance(tag_id, int) or tag_id not in account.tags:
            raise ApiError(45159)
        openids = [account.openid(person) for person in account.tags[tag_id].people if person in account.followers]
        page, last = page_after(openids, str(call.body.get("next_openid") or ""), size=self._page)
        payload: dict[str, Any] = {"count": len(page)}
        if page:
            payload |= {"data": {"openid": page}, "next_openid": last}
        return Outcome(payload=payload, bare=True)


def page_after(openids: list[str], after: str, *, size: int) -> tuple[list[str], str]:
    """Return the page behind `after` and its last openid. Raises ApiError 40003 for one that is not in the list."""
    first = 0
    if after:
        if after not in openids:
            raise ApiError(40003)
        first = openids.index(after) + 1
    page = openids[first : first + size]
    return page, page[-1] if page else ""


def _tags(call: Call[OfficialAccount]) -> Outcome:
    account = call.holder
    tags = [
        {"id": tag_id, "name": tag.name, "count": sum(person in account.followers for person in tag.people)}
        for tag_id, tag in account.tags.items()
    ]
    return Outcome(payload={"tags": tags}, bare=True)


def _tags_of(call: Call[OfficialAccount]) -> Outcome:
    person = call.holder.person_of(call.text("openid", missing=41009))
    if person is None:
        raise ApiError(40003)
    return Outcome(payload={"tagid_list": call.holder.tags_of(person)}, bare=True)
