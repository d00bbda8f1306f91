"""A segment's rule as SQL: one statement of sets of customers, the same on both databases.

Each condition is a query of customers' ids, answered by an index alone where there is one. `all` is a chain of IN,
`any` a UNION ALL, `not` an EXCEPT from who is there: no NOT IN, which PostgreSQL answers row by row as soon as its
hash does not fit the memory of one sort. What stands inside of another is a common table expression: nested ten deep
SQLite's parser would give up. What a customer does not allow is in no set: facts of who refused a profile,
sensitive ones of who did not grant them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select, union_all

from content.attributes import Attribute, Attributes, Kind, month_day
from content.consent import Consent, ConsentState
from content.segment_checks import operands
from content.segments import ANY, EVENT_KINDS, Condition
from content.value import value
from storage.tables import (
    ACCOUNT,
    CONSENT_ENTRY,
    CUSTOMER,
    DROPPED_POLICY,
    FACT_CURRENT,
    IDENTITY,
    IDENTITY_TAG,
    MESSAGE,
    POLICY_BINDING,
    POLICY_DROP,
    REACH,
    TAG,
)
from storage.tables.instant import to_micros

_LATER = CONSENT_ENTRY.alias("later")


@value
class Asked:
    """What a rule is read with: the moment, its day where the insurer is, the attributes, the segments it may name."""

    now: datetime
    today: date
    attributes: Attributes
    rules: Mapping[str, Condition]
    #: Only of this customer.
    customer_id: int | None = None


def alive() -> ColumnElement[bool]:
    """Return the condition that a CUSTOMER is there: neither merged into another nor erased."""
    return and_(CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None))


def conditions(rule: Condition, asked: Asked) -> tuple[list[ColumnElement[bool]], list[Any]]:
    """Return what a CUSTOMER must fulfil, and the sets it must not be in.

    Of several facts one is a set, and the others are looked up of each customer in it: a set of half of all customers
    costs more to make than to look up. What they must allow is looked up last, of whoever is left.
    """
    parts = rule.all if rule.all is not None else (rule,)
    facts = sorted((part for part in parts if _is_plain(part)), key=_breadth)
    needed: list[ColumnElement[bool]] = [CUSTOMER.c.id.in_(_holders(part, asked)) for part in facts[:1]]
    without: list[Any] = []
    for part in parts:
        if part.not_ is not None:
            without.append(members(part.not_, asked))
        elif not _is_plain(part):
            needed.append(CUSTOMER.c.id.in_(members(part, asked)))
    needed += [_has(part, asked) for part in facts[1:]]
    if facts:
        needed.append(_allows_profile(CUSTOMER.c.id))
    return needed, without


def _is_plain(rule: Condition) -> bool:
    return rule.fact is not None and rule.known is not False


def _breadth(rule: Condition) -> int:
    """Return how broad a comparison usually is, the narrowest first."""
    order = ("is", "in", "month", "anniversary_within", "between", "less", "at_most", "more", "at_least", "known")
    narrow = rule.sign == "is" and isinstance(rule.is_, bool)
    return order.index("between") if narrow else order.index(rule.sign)


def found(rule: Condition, asked: Asked, *more: ColumnElement[bool]) -> Any:
    """Return the query of the ids of who is in; `more`: further conditions on CUSTOMER."""
    needed, without = conditions(rule, asked)
    query = select(CUSTOMER.c.id).where(alive(), *more, *needed)
    if not without:
        return query
    return select(query.except_(*without).cte().c.id)


def members(rule: Condition, asked: Asked) -> Any:
    """Return the query of the customers of one condition; some perhaps twice, some perhaps gone."""
    match rule.kind:
        case "all" | "not":
            return select(found(rule, asked, *_one(CUSTOMER.c.id, asked)).cte().c.id)
        case "any":
            parts = union_all(*(_flat(members(part, asked)) for part in rule.any or ()))
            return select(parts.cte().c[0])
        case "segment":
            return members(asked.rules[rule.segment or ""], asked)
        case "fact":
            return _fact(rule, asked)
        case "event":
            return _event(rule, asked)
        case "consent":
            return _consent(rule, asked)
        case "policy":
            return _policy(rule, asked)
        case _:
            return _identity(rule, asked)


def _flat(query: Any) -> Any:
    """Return a query that may stand in a UNION: SQLite takes no compound one there."""
    return query if isinstance(query, Select) else select(query.cte().c[0])


def _one(column: ColumnElement[Any], asked: Asked) -> tuple[ColumnElement[bool], ...]:
    return () if asked.customer_id is None else (column == asked.customer_id,)


def _fact(rule: Condition, asked: Asked) -> Any:
    """Return who has a fact and allows that it is used."""
    if rule.known is False:
        unknown = Condition(**{"not": Condition(fact=rule.fact, known=True)})
        return found(unknown, asked, *_one(CUSTOMER.c.id, asked))
    return _holders(rule, asked).where(_allows_profile(FACT_CURRENT.c.customer_id))


def _holders(rule: Condition, asked: Asked) -> Select[Any]:
    """Return who has a fact, whatever they say of a profile."""
    mine = _one(FACT_CURRENT.c.customer_id, asked)
    return select(FACT_CURRENT.c.customer_id).where(*_matches(rule, asked), *mine)


def _has(rule: Condition, asked: Asked) -> ColumnElement[bool]:
    """Return the condition that a CUSTOMER has a fact."""
    tests = _matches(rule, asked, is_looked_up=True)
    return exists().where(FACT_CURRENT.c.customer_id == CUSTOMER.c.id, *tests).correlate_except(FACT_CURRENT)


def _matches(rule: Condition, asked: Asked, *, is_looked_up: bool = False) -> list[ColumnElement[bool]]:
    key, current = rule.fact or "", FACT_CURRENT.c
    attribute = asked.attributes.by_key[key]
    is_number = attribute.is_number or attribute.kind in (Kind.BOOLEAN, Kind.DATE)
    indexed: ColumnElement[Any] = current.number if is_number else current.word
    if is_looked_up and is_number:
        # By the primary key: nobody walks the index of a range for each customer, as SQLite might without `+ 0`.
        indexed = indexed.op("+")(literal_column("0"))
    tests = [current.attribute == key, _compared(rule, attribute, asked, indexed), current.until > to_micros(asked.now)]
    if attribute.sensitive:
        tests.append(says(current.customer_id, Consent.SENSITIVE, ConsentState.GRANTED))
    return tests


def _allows_profile(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~says(customer_id, Consent.PROFILE, ConsentState.REFUSED, ConsentState.WITHDRAWN)


def _compared(rule: Condition, attribute: Attribute, asked: Asked, indexed: ColumnElement[Any]) -> ColumnElement[bool]:
    if rule.sign == "known":
        return indexed.is_not(None)
    if rule.month is not None:
        month = asked.today.month if rule.month == "this" else rule.month
        return indexed.between(month * 100, month * 100 + 31)
    if rule.anniversary_within is not None:
        return _ahead(indexed, asked.today, rule.anniversary_within)
    compared = operands(rule, attribute)
    is_day = attribute.kind is Kind.DATE
    column: ColumnElement[Any] = FACT_CURRENT.c.day if is_day else indexed
    values: list[Any] = [each.day or (each.word if each.number is None else each.number) for each in compared]
    match rule.sign:
        case "is" | "in":
            test = column.in_(values) if len(values) > 1 else column == values[0]
        case "less":
            test = column < values[0]
        case "at_most":
            test = column <= values[0]
        case "more":
            test = column > values[0]
        case "at_least":
            test = column >= values[0]
        case _:
            test = column.between(values[0], values[1])
    return and_(indexed.is_not(None), test) if is_day else test


def _ahead(month_days: ColumnElement[Any], today: date, within: int) -> ColumnElement[bool]:
    """Return the condition that an anniversary is today or so many days ahead; one of 29 February is on that day only
    in leap years, and on 1 March in the others."""
    last = today + timedelta(days=within)
    if within >= 365:
        return month_days.is_not(None)
    first_day, last_day = month_day(today), month_day(last)
    # 29 February stands between 28 February and 1 March: it is met when the range reaches into 1 March.
    if first_day == 301 and not _is_leap(today.year):
        first_day = 229
    if first_day <= last_day:
        return month_days.between(first_day, last_day)
    return or_(month_days >= first_day, month_days <= last_day)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def says(customer_id: ColumnElement[Any], consent: str, *states: str) -> ColumnElement[bool]:
    """Return the condition that a customer's latest word on a consent is one of these."""
    mine = _latest(consent, *states).where(CONSENT_ENTRY.c.customer_id == customer_id)
    return mine.correlate_except(CONSENT_ENTRY, _LATER).exists()


def _latest(consent: str, *states: str) -> Select[Any]:
    """Return the customers whose latest word on a consent is one of these."""
    entry = CONSENT_ENTRY.c
    superseded = exists().where(
        _LATER.c.customer_id == entry.customer_id, _LATER.c.consent == entry.consent, _LATER.c.id > entry.id
    )
    return select(entry.customer_id).where(entry.consent == consent, entry.state.in_(states), ~superseded)


def _event(rule: Condition, asked: Asked) -> Any:
    """Return who did something often enough; `at_most` is who is left when those are taken who did it more often."""
    query = (
        select(IDENTITY.c.customer_id)
        .join(MESSAGE, MESSAGE.c.identity_id == IDENTITY.c.id)
        .where(MESSAGE.c.direction == "in", *_one(IDENTITY.c.customer_id, asked))
        .group_by(IDENTITY.c.customer_id)
    )
    if rule.event != ANY:
        query = query.where(MESSAGE.c.kind.in_(EVENT_KINDS.get(rule.event or "", (rule.event,))))
    if rule.days is not None:
        since = asked.now - timedelta(days=rule.days)
        # The month before as well: which one a message is in is the platform's to say, not ours.
        first = (since - timedelta(days=1)).strftime("%Y%m")
        query = query.where(MESSAGE.c.sent_at > since, MESSAGE.c.month >= int(first))
    enough = query.having(func.count() >= (rule.at_least or 1))
    if rule.at_most is None:
        return enough
    more = query.having(func.count() > rule.at_most)
    left = select(CUSTOMER.c.id).where(alive(), *_one(CUSTOMER.c.id, asked))
    if rule.at_least is not None:
        left = left.where(CUSTOMER.c.id.in_(enough))
    return select(left.except_(more).cte().c.id)


def _consent(rule: Condition, asked: Asked) -> Any:
    states = {str(state) for state in (rule.in_ or (rule.is_,))}
    said = states - {ConsentState.UNASKED}
    parts = []
    if said:
        parts.append(_latest(str(rule.consent), *sorted(said)).where(*_one(CONSENT_ENTRY.c.customer_id, asked)))
    if ConsentState.UNASKED in states:
        ever = exists().where(CONSENT_ENTRY.c.customer_id == CUSTOMER.c.id, CONSENT_ENTRY.c.consent == rule.consent)
        parts.append(select(CUSTOMER.c.id).where(alive(), ~ever, *_one(CUSTOMER.c.id, asked)))
    return parts[0] if len(parts) == 1 else select(union_all(*parts).cte().c[0])


def _policy(rule: Condition, asked: Asked) -> Any:
    bound = and_(DROPPED_POLICY.c.holder == POLICY_BINDING.c.holder, POLICY_BINDING.c.unbound_at.is_(None))
    query = (
        select(POLICY_BINDING.c.customer_id)
        .select_from(POLICY_BINDING)
        .join(DROPPED_POLICY, bound)
        .join(POLICY_DROP, and_(POLICY_DROP.c.id == DROPPED_POLICY.c.drop_id, POLICY_DROP.c.is_current))
        .where(*_one(POLICY_BINDING.c.customer_id, asked))
    )
    if rule.status is not None:
        query = query.where(DROPPED_POLICY.c.status == rule.status)
    if rule.policy != ANY:
        day: ColumnElement[Any] = DROPPED_POLICY.c[rule.policy or ""]
        if rule.within is not None:
            query = query.where(day.between(asked.today, asked.today + timedelta(days=rule.within)))
        elif rule.past is not None:
            query = query.where(day >= asked.today - timedelta(days=rule.past), day < asked.today)
        else:
            query = query.where(day.is_not(None))
    if rule.known is False:
        left = select(CUSTOMER.c.id).where(alive(), *_one(CUSTOMER.c.id, asked))
        return select(left.except_(query).cte().c.id)
    return query


def _identity(rule: Condition, asked: Asked) -> Any:
    """Return who bears a tag, follows an account, or was met on a channel."""
    query = select(IDENTITY.c.customer_id).where(*_one(IDENTITY.c.customer_id, asked))
    if rule.tag is not None:
        named = and_(TAG.c.account_id == IDENTITY_TAG.c.account_id, TAG.c.tag_id == IDENTITY_TAG.c.tag_id)
        query = query.join(IDENTITY_TAG, IDENTITY_TAG.c.identity_id == IDENTITY.c.id).join(TAG, named)
        query = query.where(TAG.c.name == rule.tag)
        if rule.account is not None:
            query = query.join(ACCOUNT, ACCOUNT.c.id == TAG.c.account_id).where(ACCOUNT.c.name == rule.account)
        return query
    query = query.join(REACH, REACH.c.identity_id == IDENTITY.c.id)
    if rule.channel is not None:
        query = query.join(ACCOUNT, ACCOUNT.c.id == REACH.c.account_id)
        return query.where(ACCOUNT.c.channel == rule.channel)
    query = query.where(REACH.c.followed)
    if rule.follows != ANY:
        query = query.join(ACCOUNT, ACCOUNT.c.id == REACH.c.account_id).where(ACCOUNT.c.name == rule.follows)
    return query
