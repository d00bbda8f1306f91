"""Tokens: overlap, invalidation and the code for each way of being wrong."""

from __future__ import annotations

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.tokens import LIFE_SECONDS, OVERLAP_SECONDS, Family, ForcedRefreshes, TokenBook


class _Account:
    """Anything can hold tokens."""


def _code(book: TokenBook[_Account], value: str | None, now: float) -> int:
    try:
        book.check(value, now=now)
    except ApiError as error:
        return error.errcode
    return 0


@pytest.fixture
def book() -> TokenBook[_Account]:
    return TokenBook(mark="oa", superseded=40001)


@pytest.fixture
def account() -> _Account:
    return _Account()


def _issue(book: TokenBook[_Account], account: _Account, now: float, family: Family = Family.ORDINARY) -> str:
    return book.issue(account, family, now=now, overlap_seconds=OVERLAP_SECONDS)[0]


def test_a_token_belongs_to_its_account_until_its_time_is_over(book: TokenBook[_Account], account: _Account) -> None:
    token = _issue(book, account, 0)
    assert book.check(token, now=LIFE_SECONDS - 1) is account
    assert _code(book, token, LIFE_SECONDS) == 42001


def test_the_token_before_lives_five_minutes_beside_the_new_one(book: TokenBook[_Account], account: _Account) -> None:
    old, new = _issue(book, account, 0), _issue(book, account, 100)
    assert [_code(book, old, 399), _code(book, old, 400), _code(book, new, 400)] == [0, 40001, 0]


def test_an_overlap_does_not_prolong_a_token_that_ends_sooner(book: TokenBook[_Account], account: _Account) -> None:
    old = _issue(book, account, 0)
    _issue(book, account, LIFE_SECONDS - 10)
    assert _code(book, old, LIFE_SECONDS) == 42001


def test_the_two_families_do_not_end_each_other(book: TokenBook[_Account], account: _Account) -> None:
    ordinary = _issue(book, account, 0)
    for _ in range(3):
        _issue(book, account, 1, Family.STABLE)
    assert _code(book, ordinary, 1000) == 0


@pytest.mark.parametrize(("value", "errcode"), [(None, 41001), ("", 41001), ("garbage", 40014), ("oa_other", 40001)])
def test_what_is_no_token_has_a_code_of_its_own(book: TokenBook[_Account], value: str | None, errcode: int) -> None:
    assert _code(book, value, 0) == errcode


@pytest.mark.parametrize(("superseded", "errcode"), [(True, 40001), (False, 42001)])
def test_an_ended_token_is_not_given_out_again(
    book: TokenBook[_Account], account: _Account, superseded: bool, errcode: int
) -> None:
    token = _issue(book, account, 0)
    book.end(token, now=10, superseded=superseded)
    assert _code(book, token, 10) == errcode
    assert book.current(account, Family.ORDINARY, now=10) is None


def test_a_current_token_comes_with_the_seconds_it_has_left(book: TokenBook[_Account], account: _Account) -> None:
    token = _issue(book, account, 0, Family.WECOM)
    assert book.current(account, Family.WECOM, now=200) == (token, LIFE_SECONDS - 200)


def test_forced_refreshes_are_30_seconds_apart_and_20_a_day(account: _Account) -> None:
    forced: ForcedRefreshes[_Account] = ForcedRefreshes(a_day=20, gap_seconds=30)
    for number in range(20):
        forced.take(account, now=number * 30)
    with pytest.raises(ApiError, match="45011"):
        forced.take(account, now=19 * 30 + 29)
    with pytest.raises(ApiError, match="45009"):
        forced.take(account, now=3600)
    forced.take(account, now=86400)
