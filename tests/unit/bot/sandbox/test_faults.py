"""Which call or push a fault meets, and how often."""

from __future__ import annotations

import random

import pytest

from bot.sandbox.faults import Fault, FaultBook, FaultKind

SEND = "/cgi-bin/message/custom/send"


def _book(*faults: Fault, seed: int = 0) -> FaultBook:
    book = FaultBook(random.Random(seed))
    for fault in faults:
        book.add(fault)
    return book


def _hits(book: FaultBook, kind: FaultKind, *, count: int = 1, path: str | None = SEND) -> int:
    people = frozenset({"alice"})
    return sum(book.take(kind, account="service", people=people, path=path) is not None for _ in range(count))


def test_nothing_goes_wrong_when_nothing_is_set() -> None:
    assert _hits(_book(), FaultKind.BUSY) == 0


def test_a_fault_happens_as_often_as_it_says() -> None:
    assert _hits(_book(Fault(fault=FaultKind.BUSY, times=2)), FaultKind.BUSY, count=5) == 2


def test_a_fault_without_a_count_goes_on_until_it_is_removed() -> None:
    book = _book()
    identifier = book.add(Fault(fault=FaultKind.BUSY))
    assert _hits(book, FaultKind.BUSY, count=50) == 50
    assert book.remove(identifier)
    assert _hits(book, FaultKind.BUSY) == 0


def test_removing_what_is_not_there_says_so() -> None:
    assert not _book().remove("f9")


@pytest.mark.parametrize(
    ("fault", "hits"),
    [
        (Fault(fault=FaultKind.BUSY, account="service"), 1),
        (Fault(fault=FaultKind.BUSY, account="other"), 0),
        (Fault(fault=FaultKind.BUSY, person="alice"), 1),
        (Fault(fault=FaultKind.BUSY, person="bob"), 0),
        (Fault(fault=FaultKind.BUSY, path=SEND), 1),
        (Fault(fault=FaultKind.BUSY, path="/cgi-bin/message/*"), 1),
        (Fault(fault=FaultKind.BUSY, path="/cgi-bin/token"), 0),
        (Fault(fault=FaultKind.SLOW), 0),
    ],
)
def test_a_fault_meets_only_what_it_names(fault: Fault, hits: int) -> None:
    assert _hits(_book(fault), FaultKind.BUSY) == hits


def test_a_fault_of_one_message_leaves_other_apis_alone() -> None:
    book = _book(Fault(fault=FaultKind.QUOTA))
    assert _hits(book, FaultKind.QUOTA, path="/cgi-bin/user/info") == 0
    assert _hits(book, FaultKind.QUOTA) == 1


def test_a_push_has_no_path_and_is_not_met_by_a_fault_with_one() -> None:
    book = _book(Fault(fault=FaultKind.DUPLICATE_CALLBACK, path=SEND))
    assert _hits(book, FaultKind.DUPLICATE_CALLBACK, path=None) == 0


def test_the_same_seed_draws_the_same_faults() -> None:
    fault = Fault(fault=FaultKind.BUSY, probability=0.3)
    first, second = _book(fault, seed=7), _book(fault, seed=7)
    draws = [_hits(first, FaultKind.BUSY) for _ in range(200)]
    assert draws == [_hits(second, FaultKind.BUSY) for _ in range(200)]
    assert 30 <= sum(draws) <= 90


def test_a_fault_that_was_not_drawn_is_not_used_up() -> None:
    book = _book(Fault(fault=FaultKind.BUSY, probability=0.2, times=3))
    assert _hits(book, FaultKind.BUSY, count=500) == 3


@pytest.mark.parametrize(
    ("fault", "errcode"),
    [
        (Fault(fault=FaultKind.BUSY), -1),
        (Fault(fault=FaultKind.BUSY, errcode=45009), 45009),
        (Fault(fault=FaultKind.QUOTA), 45047),
        (Fault(fault=FaultKind.BLOCKED_USER), 43019),
        (Fault(fault=FaultKind.BLOCKED_USER, errcode=48002), 48002),
        (Fault(fault=FaultKind.UNFOLLOWED), 45015),
    ],
)
def test_a_refusal_has_the_platforms_code(fault: Fault, errcode: int) -> None:
    assert fault.refusal() == errcode


def test_the_list_tells_hits_and_what_is_left() -> None:
    book = _book(Fault(fault=FaultKind.BUSY, times=3))
    _hits(book, FaultKind.BUSY, count=2)
    (line,) = book.describe()
    assert (line["id"], line["fault"], line["hits"], line["left"]) == ("f1", "busy", 2, 1)
