"""One person under several openids becomes one customer when the platform says so, or somebody does."""

from __future__ import annotations

from tests.scenario.places import ACCOUNTS, PASSIVE_ONLY, SERVICE
from tests.scenario.platform_side import sealed_callback, text_message
from tests.scenario.town import Town

_CUSTOMERS = "SELECT customer_id FROM identity WHERE external_id IN (:first, :second) ORDER BY id"
_MARKETING = "SELECT customer_id, state FROM consent_entry WHERE customer_id = :customer ORDER BY id"


def _meet(town: Town, person: str, unionid: str) -> None:
    town.control("POST", "/sandbox/people", {"id": person, "name": person, "unionid": unionid})
    town.follow(SERVICE, person)
    town.follow(PASSIVE_ONLY, person)
    town.says(SERVICE, person, "你好")
    town.says(PASSIVE_ONLY, person, "你好")


def _customers(town: Town, person: str) -> list[int]:
    rows = town.rows(_CUSTOMERS, first=SERVICE.openid(person), second=PASSIVE_ONLY.openid(person))
    return [customer for (customer,) in rows]


def test_two_openids_with_one_unionid_become_one_customer(town: Town) -> None:
    _meet(town, "twofold", "union-twofold")
    town.until(lambda: len(set(_customers(town, "twofold"))) == 1, "the two identities to be joined")
    people = {line["customer"] for line in town.export() if line["person"] in _openids("twofold")}
    assert people == {min(_customers(town, "twofold"))}


def test_openids_without_a_unionid_stay_apart_until_somebody_merges_them(town: Town) -> None:
    _meet(town, "apart", "")
    town.until(lambda: _were_asked(town, "apart"), "the platform to be asked")
    kept, gone = _customers(town, "apart")
    done = town.command("customer", "merge", str(kept), str(gone), "--cause", "the customer showed both phones")
    assert kept != gone
    assert done.returncode == 0, done.stderr
    assert _customers(town, "apart") == [kept, kept]


def test_a_customer_who_opted_out_on_one_account_stays_opted_out_after_the_join(town: Town) -> None:
    town.control("POST", "/sandbox/people", {"id": "private", "name": "private", "unionid": "union-private"})
    town.follow(SERVICE, "private")
    town.follow(PASSIVE_ONLY, "private")
    town.says(SERVICE, "private", "你好")
    town.says(PASSIVE_ONLY, "private", "退订")
    town.until(lambda: len(set(_customers(town, "private"))) == 1, "the two identities to be joined")
    customer = _customers(town, "private")[0]
    again = town.says(SERVICE, "private", "退订")
    assert town.rows(_MARKETING, customer=customer)[-1] == (customer, "withdrawn")
    assert "此前已经关闭" in again["shown"][0]["text"]


def _openids(person: str) -> set[str]:
    return {SERVICE.openid(person), PASSIVE_ONLY.openid(person)}


def _were_asked(town: Town, person: str) -> bool:
    query = "SELECT count(*) FROM identity WHERE external_id IN (:first, :second) AND union_checked_at IS NOT NULL"
    return town.rows(query, first=SERVICE.openid(person), second=PASSIVE_ONLY.openid(person)) == [(2,)]


def test_somebody_the_platform_does_not_know_any_more_does_not_keep_others_from_being_joined(town: Town) -> None:
    first, second = ACCOUNTS[1], ACCOUNTS[3]
    message = text_message(first, "oNobodyAnyMore", words="你好", number=4720)
    callback = sealed_callback(first, message, moment=town.now())
    status, _ = town.post(first, callback.query, callback.body)
    town.control("POST", "/sandbox/people", {"id": "behind", "name": "behind", "unionid": "union-behind"})
    for place in (first, second):
        town.follow(place, "behind")
        town.says(place, "behind", "你好")

    def joined() -> bool:
        rows = town.rows(_CUSTOMERS, first=first.openid("behind"), second=second.openid("behind"))
        return len(rows) == 2 and len(set(rows)) == 1

    assert status == 200
    town.until(joined, "the two identities to be joined")
