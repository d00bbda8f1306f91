"""Problem documents as they leave."""

from __future__ import annotations

import json

from bot.web.api.problem import FORBIDDEN, NOT_FOUND, Refused, invalid
from content.rights import Permission


def test_what_does_not_apply_is_left_out() -> None:
    assert json.loads(Refused(NOT_FOUND, "there is no customer 5 in your scope").body) == {
        "type": "urn:zhike:problem:not-found",
        "title": "There is nothing of that name in your scope",
        "status": 404,
        "detail": "there is no customer 5 in your scope",
    }


def test_a_refusal_names_the_permission() -> None:
    told = Refused(FORBIDDEN, "ask for one", permission=Permission.AUDIT_READ)
    assert json.loads(told.body)["permission"] == "audit.read"


def test_wrong_fields_are_told_where_they_stand() -> None:
    told = json.loads(invalid(("query", "limit", "too large"), ("body", "userid", "nobody")).body)
    assert told["errors"] == [
        {"in": "query", "field": "limit", "message": "too large"},
        {"in": "body", "field": "userid", "message": "nobody"},
    ]
    assert told["detail"] == "limit: too large; userid: nobody"
