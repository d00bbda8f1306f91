"""Departments and members, read by an application within its visible range, or by the address book's secret.

WeCom doc: 90208 department/list, department/simplelist, 90200 user/simplelist, 90201 user/list, 90196 user/get, 96067
user/list_id (pages by cursor; only with the address book's secret, which in turn reads nothing but ids).
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.config import DepartmentConfig, MemberConfig
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.world import WecomApp

_MOST_IDS = 10_000


class WecomContactsApi:
    """The server APIs of the address book; `page`: so many ids at once, at most."""

    def __init__(self, *, page: int) -> None:
        self._page = min(page, _MOST_IDS)

    def routes(self) -> list[ApiRoute[WecomApp]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="GET", path="/cgi-bin/department/list", handle=_departments),
            ApiRoute(method="GET", path="/cgi-bin/department/simplelist", handle=_department_ids),
            ApiRoute(method="GET", path="/cgi-bin/user/simplelist", handle=_members_briefly),
            ApiRoute(method="GET", path="/cgi-bin/user/list", handle=_members),
            ApiRoute(method="GET", path="/cgi-bin/user/get", handle=_member),
            ApiRoute(method="POST", path="/cgi-bin/user/list_id", handle=self._ids),
        ]

    def _ids(self, call: Call[WecomApp]) -> Outcome:
        app = call.holder
        if not app.is_contacts:
            raise ApiError(48002)
        limit = call.body.get("limit", _MOST_IDS)
        if not isinstance(limit, int) or not 1 <= limit <= _MOST_IDS:
            raise ApiError(40058, "limit")
        cursor = str(call.body.get("cursor") or "")
        if cursor and not cursor.isdecimal():
            raise ApiError(40058, "cursor")
        pairs = [
            {"userid": member.userid, "department": department}
            for member in app.corp.members
            for department in member.parties
        ]
        first = int(cursor or 0)
        last = first + min(limit, self._page)
        payload = {"dept_user": pairs[first:last], "next_cursor": str(last) if last < len(pairs) else ""}
        return Outcome(payload=payload)


def _departments(call: Call[WecomApp]) -> Outcome:
    _check_range(call.holder)
    found = [
        {"id": each.id, "name": each.name, "parentid": each.parentid, "order": order}
        for order, each in enumerate(_below(call), 1)
    ]
    return Outcome(payload={"department": found})


def _department_ids(call: Call[WecomApp]) -> Outcome:
    found = [{"id": each.id, "parentid": each.parentid, "order": order} for order, each in enumerate(_below(call), 1)]
    return Outcome(payload={"department_id": found})


def _below(call: Call[WecomApp]) -> list[DepartmentConfig]:
    """Return the department that is asked for with those below it; all of them when none is."""
    departments = call.holder.corp.departments
    wanted = call.query.get("id")
    if not wanted:
        return list(departments.values())
    if not wanted.isdecimal() or int(wanted) not in departments:
        raise ApiError(60123)
    found = {int(wanted)}
    while more := {each.id for each in departments.values() if each.parentid in found} - found:
        found |= more
    return [each for each in departments.values() if each.id in found]


def _members_briefly(call: Call[WecomApp]) -> Outcome:
    found = [{"userid": m.userid, "name": m.name, "department": m.parties} for m in _of_department(call)]
    return Outcome(payload={"userlist": found})


def _members(call: Call[WecomApp]) -> Outcome:
    return Outcome(payload={"userlist": [_described(member) for member in _of_department(call)]})


def _of_department(call: Call[WecomApp]) -> list[MemberConfig]:
    app, wanted = call.holder, call.query.get("department_id", "")
    _check_range(app)
    departments = app.corp.departments
    if not wanted.isdecimal() or int(wanted) not in departments:
        raise ApiError(60123)
    chosen = {int(wanted)}
    if call.query.get("fetch_child") == "1":
        while more := {each.id for each in departments.values() if each.parentid in chosen} - chosen:
            chosen |= more
    return [m for m in app.corp.members if chosen.intersection(m.parties) and m.userid not in app.left]


def _member(call: Call[WecomApp]) -> Outcome:
    app = call.holder
    _check_range(app)
    member = app.corp.member(call.query.get("userid", ""))
    if member is None:
        raise ApiError(60111)
    if member.userid in app.left:
        raise ApiError(60011)
    return Outcome(payload=_described(member))


def _check_range(app: WecomApp) -> None:
    """Refuse the address book's secret, which since 2022 reads ids only. Raises ApiError 48002."""
    if app.is_contacts:
        raise ApiError(48002)


def _described(member: MemberConfig) -> dict[str, Any]:
    return {
        "userid": member.userid,
        "name": member.name,
        "department": member.parties,
        "main_department": member.parties[0] if member.parties else 0,
        "status": 2 if member.is_disabled else 1,
        "enable": 0 if member.is_disabled else 1,
    }
