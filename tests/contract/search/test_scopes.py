"""Who finds what: the scope of every role, listed first or asked candidate by candidate, and the trace it leaves."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from itertools import chain

import pytest

from handlers.people.rights import Forbidden
from handlers.people.search import BadWords, Search
from storage.audit import Audit
from storage.search import MessageSearch
from storage.search_index import SearchIndex
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import EVERYBODY, SEEN, Firm
from tests.fakes.searched_log import SearchedLog
from tests.fakes.stores import OpenStores

#: Account, seq, person and words.
_Told = tuple[str, int, str, str]
_READERS = {userid: seen for userid, seen in SEEN.items() if userid != "qian"}


async def _found(library: SearchedLog, firm: Firm, userid: str, search: MessageSearch) -> set[str]:
    found = await library.page("我是", viewer=await firm.viewer(userid), search=search)
    return {said.person for said in found.messages}


@pytest.mark.parametrize(
    ("listed", "messages"),
    [(0, 0), (1, 0), (10_000, 0), (10_000, 1), (10_000, 5_000)],
    ids=["asked one by one", "too large to list", "people listed", "messages too many", "messages listed"],
)
@pytest.mark.parametrize("more", [0, 70])
async def test_each_finds_what_customers_of_their_scope_said(
    library: SearchedLog, firm: Firm, listed: int, messages: int, more: int
) -> None:
    await library.say(*["别的"] * more, person="z1")
    await library.read()
    search = MessageSearch(library.stores.database, listed=listed, asked=0, messages=messages)

    assert {userid: await _found(library, firm, userid, search) for userid in _READERS} == _READERS


_PIECES = ("理赔", "赔付", "保险", "险种", "理", "赔", "医院", "院长", "abc", "2026", "，")


async def _talk(library: SearchedLog, people: Sequence[str], *, count: int, draw: random.Random) -> list[_Told]:
    """Let people say so much on both accounts, some far more than others; return it, the newest first."""
    said = []
    for _ in range(count):
        account, person = draw.choice(["service", "service", "second"]), people[int(len(people) * draw.random() ** 2)]
        words = "".join(draw.choices(_PIECES, k=3))
        said.append((account, await library.say(words, person=person, account=account), person, words))
    return said[::-1]


def _scanned(said: Sequence[_Told], words: str, *, people: Collection[str]) -> list[tuple[str, int]]:
    """Return what comparing each message finds."""
    return [
        (account, seq)
        for account, seq, person, text in said
        if person in people and all(word in text.replace("，", "") for word in words.split())
    ]


@pytest.mark.parametrize("seed", [1, 2])
async def test_pages_of_every_scope_hold_what_comparing_each_of_its_messages_finds(
    library: SearchedLog, firm: Firm, seed: int
) -> None:
    draw = random.Random(seed)
    people = draw.sample(sorted(EVERYBODY), len(EVERYBODY))
    said = await _talk(library, people, count=260, draw=draw)
    await library.read(batch=draw.choice([64, 512]))
    said = await _talk(library, people, count=draw.randrange(5), draw=draw) + said
    await library.read()
    for userid, seen in _READERS.items():
        viewer = await firm.viewer(userid)
        for words in ("理赔", "赔", "保险 医院", "abc2026", "没有"):
            # Listed or asked one by one, in one page or many, with little effort or enough.
            search = MessageSearch(
                library.stores.database,
                listed=draw.choice([1, 2, 10]),
                asked=draw.choice([0, 5, 100]),
                messages=draw.choice([0, 40, 5_000]),
                effort=draw.choice([2, 20, 3_000]),
            )
            pages = await library.places(words, limit=draw.choice([3, 50]), viewer=viewer, search=search)

            assert list(chain(*pages)) == _scanned(said, words, people=seen), (userid, words)


async def test_a_scope_whose_messages_are_few_among_many_is_found_on_one_page(library: SearchedLog, firm: Firm) -> None:
    """Each stranger's message that is read costs effort; that it is a stranger's is known without reading it."""
    await library.say(*["理赔"] * 80, person="nobody's")
    mine = await library.say("理赔", person="z1")
    await library.say(*["理赔"] * 400, person="nobody's")
    await library.read()
    zhang = await firm.viewer("zhang")
    pages = [
        await library.page("理赔", viewer=zhang, search=MessageSearch(library.stores.database, effort=150, **bounds))
        for bounds in ({"asked": 0}, {"asked": 0, "messages": 0}, {"listed": 0})
    ]
    *listed, asked = pages

    assert [([said.seq for said in found.messages], found.next) for found in listed] == [([mine], None)] * 2
    assert (list(asked.messages), asked.next is None) == ([], False)


async def test_a_viewer_of_one_account_finds_nothing_of_another(library: SearchedLog) -> None:
    await library.say("同样的话")
    await library.say("同样的话", account="second")
    await library.read()
    viewer = type(COMMAND_LINE)(name="x", role="api_key", scope=COMMAND_LINE.scope, accounts=frozenset({"second"}))

    assert {said.account for said in (await library.page("同样的话", viewer=viewer)).messages} == {"second"}
    assert await library.seqs("同样的话", viewer=viewer, account="service") == []


async def test_customers_go_with_their_new_owner(library: SearchedLog, firm: Firm) -> None:
    await library.read()
    await firm.give("z1", "zhao")

    assert await _found(library, firm, "zhao", library.search) == {"b1", "z1"}
    assert await _found(library, firm, "zhang", library.search) == {"z2"}


@pytest.fixture
def search(stores: OpenStores, clock: ManualClock) -> Search:
    """Return the one way to search."""
    return Search(search=MessageSearch(stores.database), audit=Audit(stores.database), clock=clock)


@pytest.mark.parametrize("userid", ["admin", "zhou", "qian"])
async def test_who_may_not_read_conversations_may_not_search_them(search: Search, firm: Firm, userid: str) -> None:
    with pytest.raises(Forbidden, match=r"conversations\.read"):
        await search.page("我是", viewer=await firm.viewer(userid), limit=10)


async def test_a_search_leaves_a_row_that_names_the_customers_but_not_the_words(
    search: Search, library: SearchedLog, firm: Firm, stores: OpenStores
) -> None:
    await library.read()
    viewer = await firm.viewer("zhang")
    found = await search.page("我是 Z1", viewer=viewer, limit=10)
    await search.page("13812345678", viewer=viewer, limit=10)
    none, one = await Audit(stores.database).entries()

    assert [said.person for said in found.messages] == ["z1"]
    assert [(row["action"], row["subject"], row["viewer"], row["detail"]) for row in (one, none)] == [
        ("searched", "conversations", "Zhang", f"我* z*; customers {firm.customers['z1']}"),
        ("searched", "conversations", "Zhang", "1**********; customers -"),
    ]


async def test_numbers_in_what_is_found_are_masked(search: Search, library: SearchedLog) -> None:
    await library.say("我的手机是13812345678")
    await library.read()
    [said] = (await search.page("13812345678", viewer=COMMAND_LINE, limit=10)).messages

    assert said.fields is not None
    assert "13812345678" not in said.fields["content"]
    assert "我的手机" in said.fields["content"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "empty"),
        (" \u3000 ", "empty"),
        ("？！ …", "empty"),
        ("字" * 101, "too_long"),
        ("一 二 三 四 五 六 七 八 九", "too_many"),
    ],
)
async def test_words_that_cannot_be_looked_for_are_refused_with_a_sentence_and_leave_no_row(
    search: Search, stores: OpenStores, words: str, problem: str
) -> None:
    with pytest.raises(BadWords, match="搜索") as refused:
        await search.page(words, viewer=COMMAND_LINE, limit=10)

    assert refused.value.problem == problem
    assert await Audit(stores.database).entries() == []


async def test_eight_words_and_words_said_twice_are_taken(search: Search) -> None:
    assert (await search.page("一 二 三 四 五 六 七 八 一 二", viewer=COMMAND_LINE, limit=10)).messages == ()


def test_the_index_and_its_reader_mean_the_same_cursor() -> None:
    assert SearchIndex.cursor == f"{SearchIndex.name}:{SearchIndex.version}"
