"""Access tokens of official accounts. WeChat doc: get access token, get stable access token."""

from __future__ import annotations

from typing import Any

from bot.sandbox.config import Rules
from bot.sandbox.errors import ApiError
from bot.sandbox.gateway import ApiRoute, Call, Outcome
from bot.sandbox.tokens import OVERLAP_SECONDS, Family, ForcedRefreshes, TokenBook, kept
from bot.sandbox.world import OfficialAccount, World


class OfficialTokenApi:
    """`token` replaces the one before within five minutes; `stable_token` gives the same one while it lives."""

    def __init__(self, *, world: World, tokens: TokenBook[OfficialAccount], rules: Rules) -> None:
        self._world = world
        self._tokens = tokens
        self._forced: ForcedRefreshes[OfficialAccount] = ForcedRefreshes(
            a_day=rules.forced_refreshes_a_day, gap_seconds=rules.forced_refresh_gap_seconds
        )

    def routes(self) -> list[ApiRoute[OfficialAccount]]:
        """Return the routes of this family."""
        account = self._account
        return [
            ApiRoute(method="GET", path="/cgi-bin/token", handle=self._token, token=False, account=account),
            ApiRoute(method="POST", path="/cgi-bin/stable_token", handle=self._stable, token=False, account=account),
            ApiRoute(method="POST", path="/cgi-bin/clear_quota", handle=self._clear_quota),
        ]

    def _token(self, call: Call[OfficialAccount]) -> Outcome:
        account = _authenticated(call, call.query)
        return self._issued(account, Family.ORDINARY, now=call.now, overlap_seconds=OVERLAP_SECONDS)

    def _stable(self, call: Call[OfficialAccount]) -> Outcome:
        account = _authenticated(call, call.body)
        forced = call.body.get("force_refresh", False)
        if not isinstance(forced, bool):
            raise ApiError(47001, "force_refresh must be true or false")
        if forced:
            self._forced.take(account, now=call.now)
            return self._issued(account, Family.STABLE, now=call.now, overlap_seconds=0)
        current = self._tokens.current(account, Family.STABLE, now=call.now)
        if current is None or current[1] <= OVERLAP_SECONDS:
            # The platform renews five minutes early; the old token lives to its end.
            overlap = current[1] if current else 0.0
            return self._issued(account, Family.STABLE, now=call.now, overlap_seconds=overlap)
        value, life = current
        return Outcome(payload={"access_token": value, "expires_in": int(life)}, bare=True)

    def _issued(self, account: OfficialAccount, family: Family, *, now: float, overlap_seconds: float) -> Outcome:
        value, life = self._tokens.issue(account, family, now=now, overlap_seconds=overlap_seconds)
        return Outcome(
            payload={"access_token": value, "expires_in": int(life)},
            kept=kept(value, family, overlap_seconds=overlap_seconds),
            bare=True,
        )

    def _clear_quota(self, call: Call[OfficialAccount]) -> Outcome:
        if call.text("appid", missing=41002) != call.holder.config.app_id:
            raise ApiError(40013)
        call.holder.calls.clear()
        return Outcome(kept={"cleared": True})

    def _account(self, call: Call[OfficialAccount]) -> OfficialAccount | None:
        app_id: Any = call.query.get("appid") if call.method == "GET" else call.body.get("appid")
        return self._world.official_by_app_id(app_id) if isinstance(app_id, str) else None


def _authenticated(call: Call[OfficialAccount], given: Any) -> OfficialAccount:
    if given.get("grant_type") != "client_credential":
        raise ApiError(40002)
    if not given.get("appid"):
        raise ApiError(41002)
    if not given.get("secret"):
        raise ApiError(41004)
    account = call.account
    if account is None:
        raise ApiError(40013)
    if given["secret"] != account.config.secret:
        raise ApiError(40125)
    allowed = account.config.ip_allow_list
    if allowed and call.remote not in allowed:
        raise ApiError(40164, call.remote)
    return account
