"""The sandbox's registers: crowds, tags, departments, members who leave, and who may read what."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.config import CorpConfig, DepartmentConfig, MemberConfig, OfficialAccountConfig, Rules, WecomAppConfig
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import Call
from bot.sandbox.oa_tags_api import OfficialTagsApi, page_after
from bot.sandbox.wecom_contacts_api import WecomContactsApi
from bot.sandbox.world import Corp, OfficialAccount, WecomApp

_KEYS: dict[str, Any] = {"callback_url": "", "token": "t", "aes_key": "A" * 43}


@pytest.fixture
def account() -> OfficialAccount:
    config = OfficialAccountConfig(
        name="service", title="服务号", app_id="wx1", original_id="gh_1", secret="s", **_KEYS
    )
    return OfficialAccount(config, rules=Rules())


@pytest.fixture
def corp() -> Corp:
    app = WecomAppConfig(name="helper", title="助手", agent_id=1, secret="s", **_KEYS)
    members = [
        MemberConfig(userid="A", name="甲", parties=[2]),
        MemberConfig(userid="B", name="乙", parties=[1, 3]),
        MemberConfig(userid="C", name="丙", parties=[3], is_disabled=True),
    ]
    departments = [DepartmentConfig(id=2, name="上海"), DepartmentConfig(id=3, name="一组", parentid=2)]
    config = CorpConfig(
        corp_id="ww1", title="企业", apps=[app], members=members, departments=departments, contact_secret="contacts"
    )
    return Corp(config, rules=Rules())


def _ask(family: Any, path: str, holder: Any, *, query: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    route = next(route for route in family.routes() if route.path == path)
    call: Call[Any] = Call(
        path=path, method=route.method, query=query or {}, remote="", now=0.0, body=body, account=holder
    )
    return dict(route.handle(call).payload)


def test_a_crowd_follows_and_the_same_crowd_twice_is_one(account: OfficialAccount) -> None:
    account.gather("crowd", 1000, now=5.0)
    account.gather("crowd", 1001, now=6.0)
    openids = {account.openid(person) for person in account.followers}
    assert (len(account.followers), len(openids)) == (1001, 1001)


def test_pages_follow_each_other_to_the_end() -> None:
    people = [f"o{number}" for number in range(5)]
    assert page_after(people, "", size=2) == (["o0", "o1"], "o1")
    assert page_after(people, "o3", size=2) == (["o4"], "o4")
    assert page_after(people, "o4", size=2) == ([], "")
    with pytest.raises(ApiError) as raised:
        page_after(people, "gone", size=2)
    assert raised.value.errcode == 40003


def test_a_tag_lists_those_of_its_bearers_who_follow(account: OfficialAccount) -> None:
    account.gather("crowd", 3, now=5.0)
    tag_id = account.tag("车险客户", ["crowd00000001", "crowd00000003", "stranger"])
    api = OfficialTagsApi(page=1)
    first = _ask(api, "/cgi-bin/user/tag/get", account, tagid=tag_id, next_openid="")
    second = _ask(api, "/cgi-bin/user/tag/get", account, tagid=tag_id, next_openid=first["next_openid"])
    last = _ask(api, "/cgi-bin/user/tag/get", account, tagid=tag_id, next_openid=second["next_openid"])

    assert _ask(api, "/cgi-bin/tags/get", account)["tags"] == [{"id": tag_id, "name": "车险客户", "count": 2}]
    assert [page["count"] for page in (first, second, last)] == [1, 1, 0]
    openid = account.openid("crowd00000001")
    assert _ask(api, "/cgi-bin/tags/getidlist", account, openid=openid) == {"tagid_list": [tag_id]}
    with pytest.raises(ApiError) as raised:
        _ask(api, "/cgi-bin/user/tag/get", account, tagid=999)
    assert raised.value.errcode == 45159


def test_members_are_listed_by_department_with_those_below_it_when_asked_for(corp: Corp) -> None:
    api, [app] = WecomContactsApi(page=10_000), corp.apps

    def listed(path: str, **query: str) -> list[str]:
        return [member["userid"] for member in _ask(api, path, app, query=query)["userlist"]]

    assert listed("/cgi-bin/user/list", department_id="2") == ["A"]
    assert listed("/cgi-bin/user/simplelist", department_id="2", fetch_child="1") == ["A", "B", "C"]
    assert _ask(api, "/cgi-bin/user/get", app, query={"userid": "c"})["status"] == 2
    ids = [each["id"] for each in _ask(api, "/cgi-bin/department/list", app)["department"]]
    below = [
        each["id"] for each in _ask(api, "/cgi-bin/department/simplelist", app, query={"id": "2"})["department_id"]
    ]
    assert (ids, below) == ([1, 2, 3], [2, 3])


@pytest.mark.parametrize(
    ("path", "query", "errcode"),
    [
        ("/cgi-bin/user/list", {"department_id": "9"}, 60123),
        ("/cgi-bin/user/get", {"userid": "nobody"}, 60111),
        ("/cgi-bin/user/get", {"userid": "A"}, 60011),
        ("/cgi-bin/user/list_id", {}, 48002),
    ],
)
def test_what_an_application_may_not_read_has_its_own_code(
    corp: Corp, path: str, query: dict[str, str], errcode: int
) -> None:
    [app] = corp.apps
    app.left.add("A")
    with pytest.raises(ApiError) as raised:
        _ask(WecomContactsApi(page=10), path, app, query=query)
    assert raised.value.errcode == errcode


def test_the_address_books_secret_reads_the_ids_of_everybody_by_page_and_nothing_else(corp: Corp) -> None:
    api, contacts = WecomContactsApi(page=2), corp.contacts
    assert isinstance(contacts, WecomApp)
    first = _ask(api, "/cgi-bin/user/list_id", contacts, cursor="", limit=10_000)
    second = _ask(api, "/cgi-bin/user/list_id", contacts, cursor=first["next_cursor"], limit=10_000)
    found = [(pair["userid"], pair["department"]) for pair in first["dept_user"] + second["dept_user"]]

    assert found == [("A", 2), ("B", 1), ("B", 3), ("C", 3)]
    assert second["next_cursor"] == ""
    with pytest.raises(ApiError) as raised:
        _ask(api, "/cgi-bin/department/list", contacts)
    assert raised.value.errcode == 48002
