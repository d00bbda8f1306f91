"""The form for the elderly: short whatever goes in, a person first, and nothing lost on the way to the end."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from content.elder import MORE, MOST, characters
from content.messages import Article, MenuReply, NewsReply, Option, TextReply
from content.tree import Content
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.short_sentences import split

PIECES = (
    *(
        "保单",
        "。",
        "，",
        "退保",
        "\n",
        "！",
        "「",
        "」",
        "（",
        "）",
        "12,000.50",
        " 2026-03-01",
        "95500",
        "、",
        "：",
        "；",
    ),
    *("https://bot.example/my-data/abc", "hello", "现金价值", "👵", "…", "·"),
)
PERSON = Option(id="person", label="人工")


@pytest.fixture
def form(content: Content) -> ElderForm:
    return ElderForm(content)


def read(message: MenuReply) -> int:
    return characters(message.head, message.tail, *(option.label for option in message.options))


def read_on(form: ElderForm, message: Any) -> list[MenuReply]:
    """Return the message and all that follow it."""
    pages = [message]
    while pages[-1].rest is not None or pages[-1].rest_options is not None:
        pages.append(form.page(pages[-1].rest or "", pages[-1].rest_options or ()))
        assert len(pages) < 100, "it never ends"
    return pages


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("seed", range(200))
def test_whatever_goes_in_every_page_is_short_and_all_of_it_arrives(form: ElderForm, seed: int) -> None:
    rng = Random(seed)
    words = "".join(rng.choices(PIECES, k=rng.randrange(1, 160))) + "字"
    options = tuple(Option(id=f"o{n}", label="选" * rng.randrange(1, 45)) for n in range(rng.randrange(0, 11)))
    content = MenuReply(head=words, options=options) if options else TextReply(content=words)
    pages = read_on(form, form.of(content))
    assert [page for page in pages if read(page) > MOST] == []
    assert [page for page in pages if page.options[0] != PERSON] == []
    heads = bare("".join(page.head for page in pages)).removesuffix("请选择：" * 20)
    assert heads.replace("请选择：", "") == bare(words)
    offered = [option.id for page in pages for option in page.options if option.id.startswith("o")]
    assert offered == [option.id for option in options]


def test_a_short_form_comes_first_and_the_whole_behind_it(form: ElderForm) -> None:
    whole = "退保由投保人申请。" * 10
    first, *others = read_on(form, form.of(TextReply(content=whole), short="先问清能退多少。"))
    assert first.head == "先问清能退多少。"
    assert [option.label for option in first.options] == ["人工", "更多"]
    assert "".join(page.head for page in others) == whole


def test_what_fits_needs_neither_a_short_form_nor_more(form: ElderForm) -> None:
    made = form.of(TextReply(content="不客气。"), short="别客气")
    assert made == MenuReply(head="不客气。", options=(PERSON,))
    assert form.of(made) is made


def test_a_person_who_is_offered_anyway_is_offered_once_and_first(form: ElderForm) -> None:
    asked = MenuReply(
        head="哪一步？", options=(Option(id="claim", label="理赔"), Option(id="person", label="联系人工"))
    )
    made = form.of(asked)
    assert isinstance(made, MenuReply)
    assert made.options == (PERSON, Option(id="claim", label="理赔"))


def test_a_menu_that_begins_with_a_person_is_short_too(form: ElderForm) -> None:
    options = (PERSON, *(Option(id=f"c{n}", label=f"很长的第{n}个选项的名称") for n in range(6)))
    made = form.of(MenuReply(head="请" * 90, options=options))
    assert isinstance(made, MenuReply)
    assert characters(made.head, *(option.label for option in made.options)) <= MOST
    assert made.options[0] == PERSON


def test_the_code_of_an_event_is_kept_and_what_is_not_ours_to_change_stays(form: ElderForm) -> None:
    greeted = form.of(TextReply(content="您好", code="c1"))
    assert isinstance(greeted, MenuReply)
    assert greeted.code == "c1"
    of_staff = TextReply(content="我来帮您看看。" * 20, by="zhangwei")
    card = NewsReply(articles=(Article(title="怎样报案", url="https://example.com"),))
    assert form.of(of_staff) is of_staff
    assert form.of(card) is card


@pytest.mark.parametrize(
    ("words", "room", "piece"),
    [
        ("先报案。再留好病历，越早越好。", 8, "先报案。"),
        ("留好病历，越早越好请不要拖延", 8, "留好病历，"),
        ("应缴日是2026-03-01请留足", 8, "应缴日是"),
        ("发送「人工」找同事", 5, "发送「人"),
        ("打开链接https://bot.example/x下载", 8, "打开链接https://bot.example/x下载"),
    ],
)
def test_a_piece_ends_where_a_sentence_does_and_cuts_no_number(words: str, room: int, piece: str) -> None:
    first, rest = split(words, room)
    assert first == piece
    assert first + rest == words


def test_a_choice_that_brings_more_names_what_it_brings(form: ElderForm) -> None:
    one, other = form.page("甲" * 100), form.page("乙" * 100)
    assert isinstance(one, MenuReply)
    assert one.options[-1].id.startswith(f"{MORE}.")
    assert one.options[-1].id != other.options[-1].id
