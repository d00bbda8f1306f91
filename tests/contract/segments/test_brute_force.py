"""A segment is exactly who a filter over each person finds: generated rules on a thousand people, both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from content.audience import load_audience
from content.local_time import local
from content.rights import Scope
from content.segments import Condition
from storage.segment_sql import Asked
from storage.segments import SegmentQueries
from storage.viewer import COMMAND_LINE, Viewer
from tests.contract.segments import town
from tests.contract.segments.oracle import is_in
from tests.fakes.clock import START
from tests.fakes.stores import OpenStores

ATTRIBUTES: Final = load_audience(None).attributes
TODAY: Final = local(START).date()
NAMED: Final[dict[str, Any]] = {
    "rich": {"any": [{"fact": "finance.budget", "more": 5000}, {"fact": "insurer.level", "is": "gold"}]},
    "quiet": {"all": [{"event": "any", "at_most": 0, "days": 30}, {"not": {"segment": "rich"}}]},
}


def _pick(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _rule(**parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: part for name, part in parts.items() if part is not None})


_WORDS = (("person.city", town.CITIES), ("insurer.level", town.LEVELS), ("need.product", town.NEEDS))
_LEAVES: Final = st.one_of(
    *(_rule(fact=_pick(key), **{"is": _pick(*values)}) for key, values in (*_WORDS, ("family.child_age", town.BANDS))),
    *(
        _rule(fact=_pick(key), **{"in": st.lists(_pick(*values), min_size=1, max_size=3)})
        for key, values in (*_WORDS, ("finance.budget", town.BUDGETS))
    ),
    *(
        _rule(fact=_pick("finance.budget"), **{sign: _pick(999, 5000, 5000.5, 20001)})
        for sign in ("is", "less", "at_most", "more", "at_least")
    ),
    _rule(fact=_pick("finance.budget"), between=_pick((1000, 5000), (5000.5, 5000.5), (20001, 30000))),
    _rule(fact=_pick("finance.has_car"), **{"is": st.booleans()}),
    *(
        _rule(fact=_pick("person.birthday"), **{sign: _pick(*town.BIRTHDAYS)})
        for sign in ("is", "less", "at_least", "more", "at_most")
    ),
    _rule(fact=_pick("person.birthday"), month=_pick("this", 2, 6, 12)),
    _rule(fact=_pick("person.birthday"), anniversary_within=_pick(0, 19, 31, 245, 366)),
    _rule(fact=_pick("person.city", "family.child_age", "person.birthday", "finance.has_car"), known=st.booleans()),
    _rule(
        event=_pick("any", "message", "click", "follow", "event:OTHER", "text"),
        at_least=_pick(1, 2, 4),
        days=_pick(1, 7, 30, 90),
    ),
    _rule(event=_pick("any", "message", "click"), at_most=_pick(0, 1), days=_pick(7, 30, 3650)),
    _rule(event=_pick("any", "click"), at_least=_pick(1), at_most=_pick(2)),
    _rule(tag=_pick("vip", "活动", "没有")),
    _rule(tag=_pick("vip"), account=_pick("service", "second", "nowhere")),
    _rule(follows=_pick("any", "service", "desk")),
    _rule(channel=_pick("wechat", "wecom", "kf")),
    _rule(consent=_pick(*town.CONSENTS), **{"is": _pick("unasked", *town.STATES)}),
    _rule(consent=_pick("marketing"), **{"in": _pick(["unasked", "granted"], ["asked", "refused"])}),
    _rule(policy=_pick("next_due", "end"), within=_pick(0, 1, 30)),
    _rule(policy=_pick("next_due", "end"), past=_pick(1, 30), status=_pick(*town.STATUSES)),
    _rule(policy=_pick("any", "next_due"), known=st.booleans()),
    _rule(segment=_pick(*NAMED)),
)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(_rule(all=several), _rule(any=several), _rule(**{"not": inner}))


RULES: Final = st.recursive(_LEAVES, _grow, max_leaves=6)


def _condition(rule: dict[str, Any]) -> Condition:
    """Return a rule as the API reads it: through JSON."""
    return Condition.model_validate_json(json.dumps(rule, default=str))


async def test_a_segment_is_whom_a_look_at_each_person_finds(stores: OpenStores) -> None:
    people = await town.settle(stores.database, seed=20260501, now=START, today=TODAY)
    there = [person for person in people if person.is_there]
    named = {name: _condition(rule) for name, rule in NAMED.items()}
    asked = Asked(now=START, today=TODAY, attributes=ATTRIBUTES, rules=named)
    queries, loop = SegmentQueries(stores.database), asyncio.get_running_loop()
    branch = Viewer(name="m", role="campaign_manager", scope=Scope.BRANCH, branch_ids=frozenset({1}))
    sizes: list[int] = []

    async def compare(rule: dict[str, Any]) -> None:
        expected = [p for p in there if is_in(p, rule, now=START, today=TODAY, named=NAMED)]
        condition = _condition(rule)
        assert await queries.page(condition, asked, viewer=COMMAND_LINE, limit=2_000) == town.ids(expected)
        mine = [person for person in expected if person.branch == 1]
        assert await queries.count(condition, asked, viewer=branch) == len(mine)
        sizes.append(len(expected))

    @settings(
        max_examples=70,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(rule=RULES)
    def generated(rule: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(compare(rule), loop).result(60)

    await asyncio.to_thread(partial(generated))
    # The rules were no trifles: most of them part the people.
    assert sum(0 < size < len(there) for size in sizes) > 35


async def test_why_says_of_every_condition_what_the_filter_says(stores: OpenStores) -> None:
    people = await town.settle(stores.database, seed=7, now=START, today=TODAY)
    rule: dict[str, Any] = {
        "any": [
            {"all": [{"fact": "person.city", "is": "上海"}, {"not": {"event": "any", "at_least": 1, "days": 30}}]},
            {"segment": "quiet"},
            {"fact": "family.child_age", "in": ["0-3", "4-6"]},
        ]
    }
    parts: list[dict[str, Any]] = [
        rule,
        rule["any"][0],
        {"fact": "person.city", "is": "上海"},
        {"not": {"event": "any", "at_least": 1, "days": 30}},
        {"event": "any", "at_least": 1, "days": 30},
        {"segment": "quiet"},
        {"fact": "family.child_age", "in": ["0-3", "4-6"]},
    ]
    named = {name: _condition(each) for name, each in NAMED.items()}
    queries, seen = SegmentQueries(stores.database), set[bool]()
    for person in [person for person in people if person.is_there][:25]:
        asked = Asked(now=START, today=TODAY, attributes=ATTRIBUTES, rules=named, customer_id=person.id)
        verdicts = await queries.why(_condition(rule), asked)
        expected = [is_in(person, part, now=START, today=TODAY, named=NAMED) for part in parts]
        assert [verdict.is_true for verdict in verdicts] == expected
        seen.add(expected[0])
        for verdict in verdicts:
            # What may not be used is not shown as evidence either.
            assert not verdict.evidence or person.consents.get("profile") not in ("refused", "withdrawn")
    assert seen == {True, False}


async def test_a_sample_is_of_the_segment_the_same_for_a_seed_and_another_for_another(stores: OpenStores) -> None:
    people = await town.settle(stores.database, seed=7, now=START, today=TODAY)
    rule = {"fact": "person.city", "known": True}
    inside = {p.id for p in people if p.is_there and is_in(p, rule, now=START, today=TODAY, named={})}
    asked = Asked(now=START, today=TODAY, attributes=ATTRIBUTES, rules={})
    queries = SegmentQueries(stores.database)

    async def drawn(seed: int) -> list[int]:
        return await queries.sample(_condition(rule), asked, viewer=COMMAND_LINE, limit=20, seed=seed)

    first, again, other = await drawn(1), await drawn(1), await drawn(987_654_321)

    assert first == again != other
    assert len(set(first)) == 20
    assert set(first) | set(other) <= inside


async def test_anniversaries_are_met_on_their_day_in_leap_years_and_others(stores: OpenStores) -> None:
    people = await town.settle(stores.database, seed=3, now=START, today=TODAY)
    there = [person for person in people if person.is_there]
    queries = SegmentQueries(stores.database)
    for year in (2027, 2028):
        for month, day in ((2, 27), (2, 28), (3, 1), (12, 30), (4, 30)):
            today = TODAY.replace(year=year, month=month, day=day)
            for ahead in (0, 1, 2, 3):
                rule = {"fact": "person.birthday", "anniversary_within": ahead}
                asked = Asked(now=START + timedelta(0), today=today, attributes=ATTRIBUTES, rules={})
                expected = [p for p in there if is_in(p, rule, now=START, today=today, named={})]
                found = await queries.page(_condition(rule), asked, viewer=COMMAND_LINE, limit=2_000)
                assert found == town.ids(expected), (today, ahead)
