"""Signing in: by password with a lock-out, by WeCom, sessions that end."""

from __future__ import annotations

import pytest

from handlers.people.sign_in import SignIn, SignInConfig, WeakPassword, digest_of
from storage.audit import Audit
from storage.records import StaffRow
from storage.sign_ins import Passwords, Sessions
from tests.fakes.clock import ManualClock
from tests.fakes.firm import BRANCHES, REALM, STAFF, Firm
from tests.fakes.stores import OpenStores

PASSWORD = "正确的马电池钉书针"


class PlainHasher:
    """Keeps passwords readable; counts how often it was asked, since a real one is slow by purpose."""

    def __init__(self) -> None:
        self.verified = 0
        self.version = 1

    def hash(self, password: str) -> str:
        return f"{self.version}:{password}"

    def verify(self, password_hash: str, password: str) -> bool:
        self.verified += 1
        return password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith(f"{self.version}:")


@pytest.fixture
def hasher() -> PlainHasher:
    return PlainHasher()


@pytest.fixture
async def sign_in(stores: OpenStores, firm: Firm, clock: ManualClock, hasher: PlainHasher) -> SignIn:
    """Return the sign-in of an insurer whose agent zhang has a password."""
    database = stores.database
    sign_in = SignIn(
        passwords=Passwords(database),
        sessions=Sessions(database),
        organisation=firm.organisation,
        audit=Audit(database),
        hasher=hasher,
        clock=clock,
        config=SignInConfig(),
    )
    await sign_in.set_password(await firm.organisation.find("zhang"), PASSWORD)
    return sign_in


async def test_a_right_password_opens_a_session_and_leaves_a_row(sign_in: SignIn, stores: OpenStores) -> None:
    secret = await sign_in.by_password("Zhang", PASSWORD)
    assert secret is not None
    signed_in = await sign_in.current(secret)

    assert signed_in is not None
    assert (signed_in.member.userid, signed_in.viewer.name, signed_in.session.method) == ("zhang", "Zhang", "password")
    assert [(row["action"], row["detail"]) for row in await Audit(stores.database).entries()] == [
        ("signed_in", "password")
    ]
    assert (await stores.one("SELECT digest FROM console_session"))["digest"] == digest_of(secret)


@pytest.mark.parametrize("userid", ["zhang", "li", "nobody"])
async def test_wrong_password_no_password_and_nobody_are_answered_alike_and_take_as_long(
    sign_in: SignIn, hasher: PlainHasher, userid: str
) -> None:
    hasher.verified = 0
    assert await sign_in.by_password(userid, "falsch") is None
    assert hasher.verified == 1


async def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour_also_against_the_right_one(
    sign_in: SignIn, clock: ManualClock
) -> None:
    for _ in range(5):
        await sign_in.by_password("zhang", "falsch")
    locked = await sign_in.by_password("zhang", PASSWORD)
    await clock.advance(15 * 60 + 1)

    assert locked is None
    assert await sign_in.by_password("zhang", PASSWORD) is not None


async def test_a_right_password_forgets_the_wrong_ones_before(sign_in: SignIn) -> None:
    for _ in range(3):
        for _ in range(4):
            await sign_in.by_password("zhang", "falsch")
        assert await sign_in.by_password("zhang", PASSWORD) is not None


async def test_each_sign_in_has_a_secret_of_its_own(sign_in: SignIn) -> None:
    assert await sign_in.by_password("zhang", PASSWORD) != await sign_in.by_password("zhang", PASSWORD)


@pytest.mark.parametrize(
    ("seconds", "steps", "lives"),
    [(3599, 1, True), (3601, 1, False), (3000, 14, True), (3000, 15, False)],
)
async def test_a_session_ends_when_nobody_is_there_and_after_twelve_hours(
    sign_in: SignIn, clock: ManualClock, seconds: int, steps: int, lives: bool
) -> None:
    secret = await sign_in.by_password("zhang", PASSWORD)
    assert secret is not None
    for _ in range(steps):
        await clock.advance(seconds)
        signed_in = await sign_in.current(secret)
    assert (signed_in is not None) is lives


async def test_who_signs_out_is_out(sign_in: SignIn) -> None:
    secret = await sign_in.by_password("zhang", PASSWORD)
    assert secret is not None
    signed_in = await sign_in.current(secret)
    assert signed_in is not None
    await sign_in.sign_out(signed_in)
    assert await sign_in.current(secret) is None


async def test_a_new_password_signs_out_everywhere(sign_in: SignIn, firm: Firm) -> None:
    secret = await sign_in.by_password("zhang", PASSWORD)
    await sign_in.set_password(await firm.organisation.find("zhang"), PASSWORD + "!")
    assert secret is not None
    assert await sign_in.current(secret) is None
    assert await sign_in.by_password("zhang", PASSWORD) is None


async def test_who_has_left_is_out_at_once(sign_in: SignIn, firm: Firm) -> None:
    secret = await sign_in.by_password("zhang", PASSWORD)
    assert secret is not None
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)
    assert await sign_in.current(secret) is None
    assert await sign_in.by_password("zhang", PASSWORD) is None


async def test_a_hash_of_weaker_parameters_is_made_anew(
    sign_in: SignIn, hasher: PlainHasher, stores: OpenStores
) -> None:
    hasher.version = 2
    await sign_in.by_password("zhang", PASSWORD)
    assert (await stores.one("SELECT password_hash FROM credential"))["password_hash"] == f"2:{PASSWORD}"


async def test_wecom_opens_a_session_for_who_is_bound_and_for_nobody_else(sign_in: SignIn) -> None:
    secret = await sign_in.by_wecom(REALM, "ZHANG")
    assert secret is not None
    signed_in = await sign_in.current(secret)
    assert signed_in is not None
    assert signed_in.session.method == "wecom"
    assert await sign_in.by_wecom("ww-other", "zhang") is None
    assert await sign_in.by_wecom(REALM, "stranger") is None


@pytest.mark.parametrize("password", ["", "短", "1234567", "12345678", "aaaaaaaaaaaa", "Password", "x" * 257])
async def test_a_weak_password_is_refused(sign_in: SignIn, firm: Firm, password: str) -> None:
    with pytest.raises(WeakPassword):
        await sign_in.set_password(await firm.organisation.find("li"), password)


async def test_a_secret_that_was_never_given_is_nobodys(sign_in: SignIn) -> None:
    assert await sign_in.current("guess") is None


async def test_a_namesake_in_another_realm_locks_nobody_out(sign_in: SignIn, firm: Firm) -> None:
    twin = StaffRow(realm="ww-other", userid="zhang", name="Twin", role="agent", branch="上海")
    await firm.organisation.bring_in([*STAFF, twin], branches=BRANCHES)
    await sign_in.set_password(await firm.organisation.find("zhang", realm="ww-other"), "另一个人的长密码")
    for _ in range(6):
        assert await sign_in.by_password("zhang", "另一个人的长密码") is not None
    assert await sign_in.by_password("zhang", PASSWORD) is not None


async def test_that_somebody_was_locked_out_stands_in_the_audit(sign_in: SignIn, stores: OpenStores) -> None:
    for _ in range(7):
        await sign_in.by_password("zhang", "falsch")
    assert [(row["action"], row["viewer"]) for row in await Audit(stores.database).entries()] == [
        ("locked_out", "Zhang")
    ]
