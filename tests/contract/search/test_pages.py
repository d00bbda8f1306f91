"""Pages of a search: the newest first, each message once, over several accounts, whatever the bounds are."""

from __future__ import annotations

import random
from itertools import chain

import pytest

from storage.search import MessageSearch, SearchPlace
from storage.search_text import parts_of
from tests.fakes.searched_log import SearchedLog

_PIECES = ("理赔", "赔付", "保险", "险种", "理", "赔", "医院", "院长", "abc", "bcd", "2026", "0261", "，")


async def _talk(library: SearchedLog, count: int, *, seed: int) -> list[tuple[str, int, str]]:
    """Say so much on both accounts; return account, seq and words, the newest first."""
    draw = random.Random(seed)
    said = []
    for _ in range(count):
        account = draw.choice(["service", "service", "second"])
        words = "".join(draw.choices(_PIECES, k=4))
        said.append((account, await library.say(words, person=draw.choice("abc"), account=account), words))
    return said[::-1]


@pytest.mark.parametrize("limit", [3, 50])
async def test_pages_hold_what_comparing_every_message_finds_in_the_same_order(
    library: SearchedLog, limit: int
) -> None:
    said = await _talk(library, 300, seed=limit)
    await library.read()
    for words in ("理赔", "赔", "保险 医院", "abcd", "20260261", "理赔付 院", "没有"):
        expected = [
            (account, seq)
            for account, seq, text in said
            if all(word in part for word in words.split() for part in parts_of("text", {"content": text}) or [""])
        ]
        pages = await library.places(words, limit=limit)

        assert list(chain(*pages)) == expected, words
        assert all(len(page) == limit for page in pages[:-1]), words


async def test_a_page_whose_effort_is_spent_says_where_to_go_on(library: SearchedLog) -> None:
    said = await _talk(library, 700, seed=1)
    await library.read()
    tired = MessageSearch(library.stores.database, effort=2)
    expected = [(account, seq) for account, seq, text in said if "理赔" in text and "医院" in text]
    pages = await library.places("理赔 医院", limit=50, search=tired)

    assert list(chain(*pages)) == expected
    assert len(pages) > 3


async def test_what_is_said_between_two_pages_moves_nothing(library: SearchedLog) -> None:
    await library.say(*[f"第{number}次理赔" for number in range(100)])
    await library.read()
    first = await library.page("理赔", limit=10)
    await library.say(*["又一次理赔"] * 80)
    await library.read()
    second = await library.page("理赔", limit=10, before=first.next)

    assert [said.seq for said in (*first.messages, *second.messages)] == list(range(100, 80, -1))


async def test_the_last_page_says_that_it_is_the_last(library: SearchedLog) -> None:
    await library.say(*["理赔"] * 10)
    await library.read()
    whole, part = await library.page("理赔", limit=11), await library.page("理赔", limit=9)

    assert (len(whole.messages), whole.next) == (10, None)
    assert (len(part.messages), part.next is None) == (9, False)
    rest = await library.page("理赔", limit=9, before=part.next)
    assert ([said.seq for said in rest.messages], rest.next) == ([1], None)


@pytest.mark.parametrize("written", ["", "1", "a-b", "1-2-3", "1-2.", "1_2", "1-2\n", "１-２", "1-" + "9" * 19])
def test_a_place_that_nobody_gave_out_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no place of a search"):
        SearchPlace.read(written)


def test_a_place_is_read_as_it_was_written() -> None:
    place = SearchPlace(below=((1, 20), (3, 4_000_000_000)))
    assert SearchPlace.read(str(place)) == place
