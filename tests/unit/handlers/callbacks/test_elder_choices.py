"""A question of a call-back in the mode for the elderly: the choices come together, or not yet."""

from __future__ import annotations

import pytest

from content.callback import CALLBACK, CallbackQuestion
from content.loader import load_content
from content.messages import MenuReply
from handlers.conversation.elder_form import ElderForm

_CONTENT = load_content(None)


@pytest.mark.parametrize("question", _CONTENT.callback.questions, ids=lambda question: question.id)
@pytest.mark.parametrize("before", ["", "已记下。这一点会有我们的同事联系您讲清楚。\n"], ids=["alone", "noted"])
def test_nobody_sees_one_answer_without_the_others(question: CallbackQuestion, before: str) -> None:
    form = ElderForm(_CONTENT)
    options = question.options(7)
    said = form.of(MenuReply(head=f"{before}第 4 题，共 5 题：\n{question.text}", options=options))
    assert isinstance(said, MenuReply)
    shown = [_answers(said)]
    while said.rest is not None or said.rest_options is not None:
        said = form.page(said.rest or "", said.rest_options or ())
        shown.append(_answers(said))
    assert shown == [[]] * (len(shown) - 1) + [[option.id for option in options]]


def _answers(said: MenuReply) -> list[str]:
    return [option.id for option in said.options if option.id.startswith(CALLBACK)]
