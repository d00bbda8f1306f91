"""What is measured when words are authored and filled is what the platforms get: nothing is cut after that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.channels.wechat import render as wechat
from bot.channels.wecom import render as wecom
from content.lengths import TEXT_BYTES, fit
from content.messages import MenuReply, Option, Outgoing, TextReply
from content.wording import Wording

_LABELS = st.text("险a <>&%（", min_size=1, max_size=42).filter(str.strip)
_OPTIONS = st.lists(_LABELS, min_size=1, max_size=10)


def _asked(head: str, labels: list[str], tail: str) -> Wording:
    options = [{"id": f"choice-{number}", "label": label} for number, label in enumerate(labels)]
    return Wording.model_validate({"menu": {"head": head, "options": options, "tail": tail or None}})


def _cut_somewhere(message: Outgoing) -> bool:
    sent = (wechat.passive(message), wecom.passive(message), wechat.custom_send(message, to="o1"))
    return any(rendered.truncated for rendered in sent)


def test_ten_choices_that_would_not_all_be_shown_are_refused_when_they_are_loaded() -> None:
    labels = ["保" * 30 + str(number) for number in range(10)]
    with pytest.raises(ValidationError, match="offer fewer choices"):
        _asked("请选择", labels, "")
    assert _cut_somewhere(MenuReply(head="请选择", options=tuple(Option(id="a", label=label) for label in labels)))


@given(st.text("险ab", min_size=1, max_size=700), _OPTIONS, st.text("再见", max_size=100))
def test_a_question_that_can_be_loaded_is_shown_whole(head: str, labels: list[str], tail: str) -> None:
    try:
        message = _asked(head, labels, tail).render({})
    except ValidationError:
        return
    assert message is not None
    assert fit(message) is message
    assert not _cut_somewhere(message)


@given(st.text("险ab", max_size=3000), _OPTIONS.filter(lambda labels: len(labels) < 4), st.text("再见", max_size=900))
def test_filled_questions_keep_all_choices_and_need_no_more_cutting(head: str, labels: list[str], tail: str) -> None:
    options = tuple(Option(id=f"choice-{number}", label=label) for number, label in enumerate(labels))
    fitted = fit(MenuReply(head=head, options=options, tail=tail))
    assert isinstance(fitted, MenuReply)
    assert fitted.options == options
    assert not _cut_somewhere(fitted)


def test_filled_words_are_cut_to_what_every_way_of_sending_takes() -> None:
    fitted = fit(TextReply(content="险" * 1000))
    assert isinstance(fitted, TextReply)
    assert len(fitted.content.encode()) <= TEXT_BYTES
    assert not _cut_somewhere(fitted)
