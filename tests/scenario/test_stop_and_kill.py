"""The bot stops, is killed, comes back; nothing that was acknowledged is lost and nothing is seen twice."""

from __future__ import annotations

from collections import Counter

from tests.scenario.places import ACTIVE, SERVICE
from tests.scenario.town import Town

_CUSTOM_SEND = "/cgi-bin/message/custom/send"


def _everybody_asks(town: Town, name: str, count: int) -> tuple[list[str], int]:
    """Let many people ask at once; return who, and the record's mark before."""
    people = [f"{name}-{number}" for number in range(count)]
    town.follow(SERVICE, *people)
    mark = town.mark()
    town.acts({"account": SERVICE.name, "person": p, "act": "text", "text": f"回声 {p}"} for p in people)
    return people, mark


def _check_everybody_was_answered_once(town: Town, people: list[str], mark: int) -> None:
    shown = town.wait_for(len(people), after=mark, what="shown")
    assert Counter(line["text"] for line in shown) == Counter(f"收到：{person}" for person in people)
    assert town.record(after=mark, what="gave_up") == []
    words = Counter(line["content"]["content"] for line in town.export(SERVICE) if line["direction"] == "in")
    assert {person: words[f"回声 {person}"] for person in people} == dict.fromkeys(people, 1)


def test_a_bot_that_is_asked_to_stop_finishes_what_it_holds_and_loses_nothing(own_town: Town) -> None:
    people, mark = _everybody_asks(own_town, "stopping", 60)
    own_town.wait_for(1, after=mark, what="shown")
    code = own_town.stop_bot()
    answered = own_town.rows("SELECT count(*) FROM work WHERE state = 'ready'")
    own_town.start_bot()
    own_town.advance(11)
    assert code == 0
    assert answered == [(0,)]
    _check_everybody_was_answered_once(own_town, people, mark)


def test_a_bot_that_is_killed_under_load_comes_back_and_answers_everybody_once(own_town: Town) -> None:
    people, mark = _everybody_asks(own_town, "killed", 60)
    own_town.wait_for(1, after=mark, what="shown")
    own_town.kill_bot()
    own_town.start_bot()
    own_town.advance(16)
    _check_everybody_was_answered_once(own_town, people, mark)


def test_a_bot_that_is_killed_before_it_could_write_anything_down_gets_the_message_again(own_town: Town) -> None:
    own_town.follow(SERVICE, "patient")
    own_town.kill_bot()
    mark = own_town.mark()
    own_town.says(SERVICE, "patient", "怎么报案", wait=False)
    own_town.wait_for(1, after=mark, what="answer", result="refused")
    own_town.start_bot()
    own_town.advance(5)
    own_town.wait_for(1, after=mark, what="shown", person="patient", via="passive")
    assert own_town.log_of(SERVICE, "patient") == [("in", "text"), ("out", "text")]


def test_a_bot_that_is_killed_while_it_sends_does_not_send_again_what_may_have_arrived(own_town: Town) -> None:
    own_town.follow(ACTIVE, "doubtful")
    with own_town.fault("slow", account=ACTIVE.name, person="doubtful", path=_CUSTOM_SEND, seconds=3, times=1) as slow:
        own_town.says(ACTIVE, "doubtful", "怎么报案")
        own_town.until_fault_hits(slow)
        own_town.kill_bot()
        own_town.advance(4)
    own_town.start_bot()
    own_town.advance(35)
    assert own_town.settled(ACTIVE, "doubtful") == [("unknown", "outcome_unknown", 1)]
    assert len(own_town.seen(ACTIVE, "doubtful")) == 1


def test_a_bot_that_is_asked_to_stop_while_it_sends_waits_for_the_platforms_answer(own_town: Town) -> None:
    own_town.follow(ACTIVE, "awaited")
    with own_town.fault("slow", account=ACTIVE.name, person="awaited", path=_CUSTOM_SEND, seconds=1, times=1) as slow:
        own_town.says(ACTIVE, "awaited", "怎么报案")
        own_town.until_fault_hits(slow)
        own_town.bot.terminate()
        own_town.advance(2)
        code = own_town.bot.wait()
    assert (code, own_town.deliveries(ACTIVE, "awaited")) == (0, [("sent", None, 1)])
    own_town.start_bot()


def test_what_waits_for_48_hours_is_refused_because_the_window_has_closed(own_town: Town) -> None:
    own_town.follow(ACTIVE, "forgotten")
    with own_town.fault("busy", account=ACTIVE.name, person="forgotten", path=_CUSTOM_SEND):
        own_town.says(ACTIVE, "forgotten", "怎么报案")
        own_town.until_state(ACTIVE, "forgotten", "retry")
        own_town.kill_bot()
    own_town.advance(48 * 3600 + 1, step=3600)
    own_town.start_bot()
    assert own_town.settled(ACTIVE, "forgotten") == [("refused", "window_closed", 1)]
    assert own_town.seen(ACTIVE, "forgotten") == []


def test_after_everything_that_happened_the_log_verifies(own_town: Town) -> None:
    done = own_town.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
