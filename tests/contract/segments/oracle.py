"""Who is in a segment, found by looking at each person in turn: written from docs/segments.md, sharing no code."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tests.contract.segments.town import ACCOUNTS, Person

_GROUPS = {
    "message": {"text", "image", "voice", "video", "location", "link", "file", "shared"},
    "click": {"menu_click", "menu_view", "menu_scan"},
}


def is_in(person: Person, rule: dict[str, Any], *, now: datetime, today: date, named: dict[str, Any]) -> bool:
    """Tell whether a rule, as its file has it, is true of a person."""

    def holds(each: dict[str, Any]) -> bool:
        return is_in(person, each, now=now, today=today, named=named)

    if "all" in rule:
        return all(holds(each) for each in rule["all"])
    if "any" in rule:
        return any(holds(each) for each in rule["any"])
    if "not" in rule:
        return not holds(rule["not"])
    if "segment" in rule:
        return holds(named[rule["segment"]])
    if "fact" in rule:
        return _fact(person, rule, today=today)
    if "event" in rule:
        return _event(person, rule, now=now)
    if "tag" in rule:
        accounts = {n for n, (name, _) in enumerate(ACCOUNTS, 1) if rule.get("account") in (None, name)}
        return any((account, rule["tag"]) in person.tags for account in accounts)
    if "follows" in rule:
        return any(
            followed and rule["follows"] in ("any", ACCOUNTS[account - 1][0]) for account, followed in person.reach
        )
    if "channel" in rule:
        return any(ACCOUNTS[account - 1][1] == rule["channel"] for account, _ in person.reach)
    if "consent" in rule:
        wanted = rule.get("in") or [rule["is"]]
        return person.consents.get(rule["consent"], "unasked") in wanted
    return _policy(person, rule, today=today)


def _fact(person: Person, rule: dict[str, Any], *, today: date) -> bool:
    found = [given for given, lives, sure in person.facts.get(rule["fact"], []) if lives and sure]
    if person.consents.get("profile") in ("refused", "withdrawn"):
        found = []
    if rule["fact"] == "family.child_age" and person.consents.get("sensitive") != "granted":
        found = []
    if "known" in rule:
        return bool(bool(found) == rule["known"])
    return any(_fits(given, rule, today=today) for given in found)


def _fits(given: Any, rule: dict[str, Any], *, today: date) -> bool:
    if "is" in rule:
        return bool(given == rule["is"])
    if "in" in rule:
        return given in rule["in"]
    if "between" in rule:
        low, high = rule["between"]
        return bool(low <= given <= high)
    if "month" in rule:
        return bool(given.month == (today.month if rule["month"] == "this" else rule["month"]))
    if "anniversary_within" in rule:
        days = [today + timedelta(days=ahead) for ahead in range(rule["anniversary_within"] + 1)]
        return any(_celebrated(given, day.year) == day for day in days)
    signs: list[tuple[str, Callable[[Any, Any], bool]]] = [
        ("less", lambda a, b: a < b),
        ("at_most", lambda a, b: a <= b),
        ("more", lambda a, b: a > b),
        ("at_least", lambda a, b: a >= b),
    ]
    for sign, test in signs:
        if sign in rule:
            return test(given, rule[sign])
    raise AssertionError(rule)


def _celebrated(born: date, year: int) -> date:
    if (born.month, born.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1)
    return born.replace(year=year)


def _event(person: Person, rule: dict[str, Any], *, now: datetime) -> bool:
    kinds = _GROUPS.get(rule["event"], {rule["event"]})
    count = sum(
        1
        for kind, at in person.events
        if (rule["event"] == "any" or kind in kinds) and ("days" not in rule or at > now - timedelta(days=rule["days"]))
    )
    return bool(rule.get("at_least", 0) <= count <= rule.get("at_most", count))


def _policy(person: Person, rule: dict[str, Any], *, today: date) -> bool:
    mine = [policy for policy in person.policies if rule.get("status") in (None, policy[0])]
    if rule["policy"] != "any":
        found = [due if rule["policy"] == "next_due" else end for _, due, end in mine]
        days = [day for day in found if day is not None]
        if "within" in rule:
            return any(0 <= (day - today).days <= rule["within"] for day in days)
        if "past" in rule:
            return any(0 < (today - day).days <= rule["past"] for day in days)
        return bool(bool(days) == rule["known"])
    return bool(bool(mine) == rule["known"])
