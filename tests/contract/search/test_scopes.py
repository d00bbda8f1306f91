"""Who finds what: the scope of every role, listed first or asked candidate by candidate, and the trace it leaves."""

from __future__ import annotations

import pytest

from handlers.people.rights import Forbidden
from handlers.people.search import BadWords, Search
from storage.audit import Audit
from storage.search import MessageSearch
from storage.search_index import SearchIndex
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import SEEN, Firm
from tests.fakes.searched_log import SearchedLog
from tests.fakes.stores import OpenStores

_READERS = {userid: seen for userid, seen in SEEN.items() if userid != "qian"}


async def _found(library: SearchedLog, firm: Firm, userid: str, search: MessageSearch) -> set[str]:
    found = await library.page("我是", viewer=await firm.viewer(userid), search=search)
    return {said.person for said in found.messages}


@pytest.mark.parametrize("listed", [0, 1, 50_000], ids=["asked one by one", "too large to list", "listed"])
@pytest.mark.parametrize("more", [0, 70])
async def test_each_finds_what_customers_of_their_scope_said(
    library: SearchedLog, firm: Firm, listed: int, more: int
) -> None:
    await library.say(*["别的"] * more, person="z1")
    await library.read()
    search = MessageSearch(library.stores.database, listed=listed)

    assert {userid: await _found(library, firm, userid, search) for userid in _READERS} == _READERS


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
