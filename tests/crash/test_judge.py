"""The judge of the crash run notices each of the things that must not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.crash.judge import judge
from tests.crash.ledger import Answer, Logged
from tests.crash.oracle import recovery_seconds, see

FIRST, SECOND = "t00000001x", "t00000002x"


def push(number: int, token: str, *, at: float = 1.0, attempt: int = 1) -> dict[str, Any]:
    return {"what": "push", "push": f"p{number}", "attempt": attempt, "text": f"回声 {token}", "at": at}


def answer(number: int, result: str, *, at: float = 2.0, attempt: int = 1) -> dict[str, Any]:
    return {"what": "answer", "push": f"p{number}", "attempt": attempt, "result": result, "at": at}


def shown(*tokens: str, via: str = "passive") -> dict[str, Any]:
    return {"what": "shown", "via": via, "text": "收到：" + "\n回声 ".join(tokens), "at": 2.0}


RECORD = [push(1, FIRST), push(2, SECOND), answer(1, "reply"), shown(FIRST), answer(2, "reply"), shown(SECOND)]
LOG = [
    Logged(account="service", seq=1, inbound=True, tokens=(FIRST,)),
    Logged(account="service", seq=2, inbound=True, tokens=(SECOND,)),
    Logged(account="service", seq=3, inbound=False, tokens=(FIRST,)),
    Logged(account="service", seq=4, inbound=False, tokens=(SECOND,)),
]
ANSWERS = [
    Answer(account="service", identity=7, seq=1, handled=True, out_seq=3, reply="sent", delivery=None, reason=None),
    Answer(account="service", identity=7, seq=2, handled=True, out_seq=4, reply="sent", delivery=None, reason=None),
]


def test_a_run_in_which_everything_arrived_once_and_in_order_is_flawless() -> None:
    verdict = judge(see(RECORD), LOG, ANSWERS)
    assert verdict.flawless
    assert verdict.acknowledged == 2


def test_an_acknowledged_message_that_is_not_in_the_log_is_missing() -> None:
    verdict = judge(see(RECORD), LOG[1:], ANSWERS)
    assert verdict.missing == 1
    assert not verdict.flawless


def test_a_message_with_two_rows_is_logged_twice() -> None:
    verdict = judge(see(RECORD), [*LOG, replace(LOG[0], seq=5)], ANSWERS)
    assert verdict.logged_twice == 1
    assert not verdict.flawless


def test_a_reply_that_came_back_in_the_answer_and_through_the_outbox_was_seen_twice() -> None:
    verdict = judge(see([*RECORD, shown(FIRST, via="custom_send")]), LOG, ANSWERS)
    assert verdict.reply_twice == 1
    assert not verdict.flawless


def test_an_answer_decided_before_that_of_an_earlier_message_is_out_of_order() -> None:
    verdict = judge(see(RECORD), LOG, [replace(ANSWERS[0], out_seq=4), replace(ANSWERS[1], out_seq=3)])
    assert verdict.out_of_order == 1
    assert not verdict.flawless


def test_the_answers_of_different_people_have_no_order() -> None:
    answers = [replace(ANSWERS[0], out_seq=4), replace(ANSWERS[1], out_seq=3, identity=8)]
    assert judge(see(RECORD), LOG, answers).flawless


def test_fragments_that_joined_share_an_answer_and_are_in_order() -> None:
    record = [push(1, FIRST), push(2, SECOND), answer(1, "empty"), answer(2, "reply"), shown(FIRST, SECOND)]
    log = [*LOG[:2], Logged(account="service", seq=3, inbound=False, tokens=(FIRST, SECOND))]
    answers = [replace(row, out_seq=3) for row in ANSWERS]
    assert judge(see(record), log, answers).flawless


def test_a_push_that_the_platform_gave_up_counts() -> None:
    tip = {"what": "shown", "via": "tip", "text": "该公众号提供的服务出现故障，请稍后再试", "at": 2.0}
    record = [*RECORD, push(3, "t00000003x"), answer(3, "timeout"), {"what": "gave_up", "push": "p3"}, tip]
    verdict = judge(see(record), LOG, ANSWERS)
    assert verdict.gave_up == 1
    assert not verdict.flawless


def test_an_acknowledged_message_whose_reply_nobody_saw_is_unanswered() -> None:
    verdict = judge(see(RECORD[:-1]), LOG, ANSWERS)
    assert verdict.unanswered == 1
    assert not verdict.flawless


def test_a_reply_that_is_openly_unknown_is_counted_and_not_unanswered() -> None:
    verdict = judge(see(RECORD[:-1]), LOG, [ANSWERS[0], replace(ANSWERS[1], reply="unknown")])
    assert (verdict.unknown, verdict.unanswered) == (1, 0)
    assert verdict.flawless


def test_a_delivery_that_the_governor_refused_is_counted_and_not_unanswered() -> None:
    refused = replace(ANSWERS[1], reply="outbox", delivery="refused", reason="quota_exhausted")
    verdict = judge(see(RECORD[:-1]), LOG, [ANSWERS[0], refused])
    assert (verdict.refused, verdict.unanswered) == (1, 0)


def test_recovery_counts_from_the_kill_to_the_first_answer_to_a_later_attempt() -> None:
    lines = [push(1, FIRST, at=9.9), push(2, SECOND, at=10.5), answer(1, "reply", at=10.1), answer(2, "reply", at=12.5)]
    assert recovery_seconds(see(lines), [10.0]) == [2.5]


def test_a_bot_that_never_answers_again_never_recovers() -> None:
    assert recovery_seconds(see([push(1, FIRST), answer(1, "reply")]), [10.0]) == [float("inf")]
