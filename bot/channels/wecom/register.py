"""A corporation's departments and members: a `handlers.sync.ports.MemberRegister`.

An application reads departments and members of its visible range with its own secret (WeCom docs 90208
department/list, 90201 user/list, 90196 user/get). Everybody's ids, whatever an application sees, come from
user/list_id (doc 96067, pages of 10,000 by cursor), which takes the secret of the address book only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wecom.errors import ERRORS
from handlers.delivery.errors import Rejected, Unreachable
from handlers.sync.ports import ListedMember, Presence
from storage.sync_members import KnownDepartment

_PAGE: Final = 10_000
#: userid not found, in both spellings that the platform has for it.
_GONE: Final = frozenset({60111, 40003})
#: `status`: 1 active, 2 disabled, 4 not activated yet, 5 has left the corporation.
_OUT: Final = frozenset({2, 5})


class WecomRegister:
    """Reads the register of one corporation. Every method raises ChannelError."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper, contacts: TokenKeeper | None) -> None:
        """`contacts`: the tokens of the address book's secret; None where it is not set."""
        self._api = api
        self._tokens = tokens
        self._contacts = contacts

    async def departments(self) -> list[KnownDepartment]:
        """Return the departments of the visible range."""
        answer = await self._call("GET", "/cgi-bin/department/list")
        return [
            KnownDepartment(
                id=_number(each, "id"),
                name=str(each.get("name") or each.get("id")),
                parent_id=_number(each, "parentid"),
            )
            for each in _objects(answer.get("department"), "department")
        ]

    async def members(self, department_id: int) -> list[ListedMember]:
        """Return the members of a department, without those below it."""
        query = {"department_id": str(department_id), "fetch_child": "0"}
        answer = await self._call("GET", "/cgi-bin/user/list", query=query)
        return [_member(each) for each in _objects(answer.get("userlist"), "userlist")]

    async def all_ids(self) -> frozenset[str] | None:
        """Return everybody's userids in lower case; None without the address book's secret."""
        if self._contacts is None:
            return None
        found: set[str] = set()
        cursor = ""
        while True:
            payload = {"cursor": cursor, "limit": _PAGE}
            answer = await self._call("POST", "/cgi-bin/user/list_id", payload=payload, tokens=self._contacts)
            found |= {str(each.get("userid", "")).lower() for each in _objects(answer.get("dept_user"), "dept_user")}
            cursor = str(answer.get("next_cursor") or "")
            if not cursor:
                return frozenset(found - {""})

    async def presence(self, userid: str) -> Presence:
        """Return what the platform says of one member."""
        try:
            answer = await self._call("GET", "/cgi-bin/user/get", query={"userid": userid})
        except Unreachable as error:
            return Presence.GONE if error.code in _GONE else Presence.HIDDEN
        return Presence.ENABLED if _is_enabled(answer) else Presence.DISABLED

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        tokens: TokenKeeper | None = None,
    ) -> dict[str, Any]:
        async def request(token: str) -> dict[str, Any]:
            return await self._api.call(
                method, path, query={"access_token": token, **(query or {})}, payload=payload, errors=ERRORS
            )

        return await (tokens or self._tokens).call(request)


def _member(each: Mapping[str, Any]) -> ListedMember:
    departments = each.get("department")
    numbers = [number for number in departments if isinstance(number, int)] if isinstance(departments, list) else []
    main = each.get("main_department")
    first = [main] if isinstance(main, int) and main in numbers else []
    userid = str(each.get("userid") or "")
    if not userid:
        raise Rejected("the platform lists a member without a userid; this version cannot read it")
    return ListedMember(
        userid=userid,
        name=str(each.get("name") or userid),
        departments=tuple(dict.fromkeys([*first, *numbers])),
        is_enabled=_is_enabled(each),
    )


def _is_enabled(each: Mapping[str, Any]) -> bool:
    return each.get("status", 1) not in _OUT and each.get("enable", 1) != 0


def _objects(found: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Rejected(f"the platform's {name} has another shape; this version cannot read it")
    return found


def _number(fields: Mapping[str, Any], name: str) -> int:
    number = fields.get(name)
    if not isinstance(number, int):
        raise Rejected(f"the platform's {name} is no number; this version cannot read it")
    return number
