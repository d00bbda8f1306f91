"""Staff sign in and out of the console; strangers, other sites and forged forms stay outside."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.browser.console.desk import PASSWORD, Clerk, Desk, open_desk
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack)


async def test_a_right_password_leads_to_the_first_page_of_the_role(desk: Desk) -> None:
    clerk = await desk.browser()
    answer = await clerk.sign_in("Zhang", PASSWORD)
    start = await clerk.get(answer.headers["Location"])

    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    assert (start.status, start.headers["Location"]) == (303, "/console/customers")
    assert "Zhang" in (await clerk.get("/console/customers")).text


async def test_a_wrong_password_is_told_without_saying_what_was_wrong(desk: Desk) -> None:
    clerk = await desk.browser()
    wrong = await clerk.sign_in("zhang", "falsch")
    nobody = await clerk.sign_in("nobody", "falsch")

    assert wrong.status == nobody.status == 401
    assert "账号或密码不对" in wrong.text
    assert wrong.text.replace("zhang", "nobody") == nobody.text
    assert clerk.cookie is None


async def test_five_wrong_passwords_lock_out_the_right_one_for_a_quarter_of_an_hour(
    desk: Desk, clock: ManualClock
) -> None:
    clerk = await desk.browser()
    for _ in range(5):
        await clerk.sign_in("zhang", "falsch")
    locked = await clerk.sign_in("zhang", PASSWORD)
    await clock.advance(15 * 60 + 1)

    assert locked.status == 401
    assert (await clerk.sign_in("zhang", PASSWORD)).status == 303


async def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(desk: Desk) -> None:
    attacker, victim = await desk.clerk("wang"), await desk.browser()
    planted = attacker.cookie
    assert planted is not None
    victim.plant(planted)
    assert victim.cookie == planted
    assert (await victim.sign_in("zhang", PASSWORD)).status == 303

    assert victim.cookie != planted
    assert (await attacker.get("/console/customers")).status == 303, "the session of before has ended"


async def test_who_signs_out_is_out_also_with_the_old_cookie(desk: Desk) -> None:
    clerk, thief = await desk.clerk("zhang"), await desk.browser()
    old = clerk.cookie
    assert old is not None
    answer = await clerk.post("/console/sign-out", {"csrf": await clerk.token("/console/customers")})
    thief.plant(old)

    assert (answer.status, answer.headers["Location"]) == (303, "/console/sign-in")
    assert clerk.cookie is None
    assert (await thief.get("/console/customers")).status == 303


async def test_a_form_without_its_token_or_with_anothers_is_refused(desk: Desk) -> None:
    clerk, other = await desk.clerk("zhang"), await desk.clerk("li")
    foreign = await other.token("/console/customers")
    guessed = hashlib.sha256(b"guess").hexdigest()

    assert [
        (await clerk.post("/console/sign-out", fields)).status
        for fields in ({}, {"csrf": ""}, {"csrf": foreign}, {"csrf": guessed}, {"csrf": "签名"})
    ] == [403] * 5
    assert (await clerk.get("/console/customers")).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://", "http://[", "x"])
async def test_a_form_from_another_site_is_refused_even_with_the_token(desk: Desk, origin: str) -> None:
    clerk = await desk.clerk("zhang")
    fields = {"csrf": await clerk.token("/console/customers")}

    assert (await clerk.post("/console/sign-out", fields, origin=origin)).status == 403
    assert (await clerk.get("/console/customers")).status == 200


async def test_a_browser_that_names_another_site_is_refused_even_with_the_token(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    fields = {"csrf": await clerk.token("/console/customers")}

    for site in ("cross-site", "same-site"):
        assert (await clerk.post("/console/sign-out", fields, origin=None, Sec_Fetch_Site=site)).status == 403
    assert (await clerk.post("/console/sign-out", fields, origin=None, Sec_Fetch_Site="same-origin")).status == 303


async def test_the_token_may_also_come_in_the_header_as_htmx_sends_it(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    token = await clerk.token("/console/customers")

    assert (await clerk.post("/console/sign-out", {}, X_CSRF_Token="wrong")).status == 403
    assert (await clerk.post("/console/sign-out", {}, X_CSRF_Token=token)).status == 303


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_nobody_is_signed_in_by_another_sites_form(desk: Desk, origin: str | None) -> None:
    clerk = await desk.browser()
    answer = await clerk.post("/console/sign-in", {"userid": "zhang", "password": PASSWORD}, origin=origin)

    assert answer.status == 403
    assert clerk.cookie is None


async def test_who_was_sent_to_sign_in_goes_on_where_they_wanted(desk: Desk) -> None:
    clerk = await desk.browser()
    sent = await clerk.get("/console/customers?person=z1")
    form = await clerk.get(sent.headers["Location"])
    assert 'name="next" value="/console/customers?person=z1"' in form.text
    answer = await clerk.sign_in("zhang", PASSWORD, next="/console/customers?person=z1")

    assert sent.headers["Location"] == "/console/sign-in?next=%2Fconsole%2Fcustomers%3Fperson%3Dz1"
    assert answer.headers["Location"] == "/console/customers?person=z1"


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/console/",
        "//evil.example/console",
        "/\\evil.example",
        "/console/../x",
        "javascript:alert(1)",
    ],
)
async def test_a_sign_in_leads_to_no_other_host(desk: Desk, following: str) -> None:
    clerk = await desk.browser()
    form = await clerk.get(f"/console/sign-in?next={following}")
    answer = await clerk.sign_in("zhang", PASSWORD, next=following)

    assert form.text.count('name="next"') == 1, "only the language's form, which leads back here"
    assert answer.headers["Location"] == "/console"


async def test_a_part_of_a_page_leads_a_browser_without_session_to_sign_in_as_a_whole(desk: Desk) -> None:
    clerk = await desk.browser()
    customer = desk.firm.customers["z1"]
    answer = await clerk.get(
        f"/console/customers/{customer}/timeline?before=1:1:1",
        HX_Request="true",
        HX_Current_URL=f"{desk.base}/console/customers/{customer}",
    )

    assert answer.status == 401
    assert answer.headers["HX-Redirect"] == f"/console/sign-in?next=%2Fconsole%2Fcustomers%2F{customer}"


async def test_a_session_ends_by_itself(desk: Desk, clock: ManualClock) -> None:
    clerk = await desk.clerk("zhang")
    await clock.advance(3601)

    assert (await clerk.get("/console/customers")).status == 303


async def test_behind_https_the_cookie_is_bound_to_the_host_and_never_travels_in_the_clear(
    stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        url = "https://desk.example.com"
        desk = await open_desk(stores, clock=clock, home=tmp_path, stack=stack, public_url=url)
        clerk = await desk.browser()
        answer = await clerk.post("/console/sign-in", {"userid": "zhang", "password": PASSWORD}, origin=url)
        refused = await clerk.post("/console/sign-in", {"userid": "zhang", "password": PASSWORD})

    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "__Host-zhike"
    assert set(rest.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}
    assert refused.status == 403, "the address of the settings is the console's only one"


async def test_without_https_the_cookie_is_still_out_of_reach_of_scripts(desk: Desk) -> None:
    answer = await (await desk.browser()).sign_in("zhang", PASSWORD)

    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "zhike"
    assert set(rest.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax"}


async def test_the_language_is_chosen_before_and_after_signing_in(desk: Desk) -> None:
    clerk = await desk.browser()
    chosen = await clerk.post("/console/language", {"language": "en", "next": "/console/sign-in"})
    form = await clerk.get(chosen.headers["Location"])
    await clerk.sign_in("zhang", PASSWORD)

    assert '<html lang="en">' in form.text
    assert "Sign in with" not in form.text, "there is no button for WeCom without its handlers"
    assert "All customers" in await _text(await desk.clerk("wu"), "/console/customers", "en")
    assert "Your customers" in (await clerk.get("/console/customers")).text
    assert (await clerk.post("/console/language", {"language": "fr"})).status == 400


async def _text(clerk: Clerk, path: str, language: str) -> str:
    await clerk.post("/console/language", {"language": language})
    return (await clerk.get(path)).text
