"""Signing in to the console: by password with a lock-out, or by WeCom; sessions that end by themselves."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from content.value import value
from handlers.clock import Clock
from handlers.people.ports import PasswordHasher
from handlers.people.rights import viewer_of
from storage.audit import Audit, Deed
from storage.organisation import Member, Organisation
from storage.sign_ins import Login, Passwords, Session, Sessions
from storage.viewer import Viewer

#: NIST SP 800-63B: eight characters at least, long ones allowed, no composition rules.
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 256
_SECRET_BYTES: Final = 32


class WeakPassword(Exception):
    """A password is too short, too long, or one of the obvious; the sentence says which."""


@value
class SignInConfig:
    """When a log-in is locked and a session ends."""

    failures: int = 5
    locked: timedelta = timedelta(minutes=15)
    idle: timedelta = timedelta(hours=1)
    longest: timedelta = timedelta(hours=12)


@value
class SignedIn:
    """A live session and who it is."""

    session: Session
    member: Member
    viewer: Viewer


class SignIn:
    """Opens, finds and ends sessions."""

    def __init__(
        self,
        *,
        passwords: Passwords,
        sessions: Sessions,
        organisation: Organisation,
        audit: Audit,
        hasher: PasswordHasher,
        clock: Clock,
        config: SignInConfig,
    ) -> None:
        self._passwords = passwords
        self._sessions = sessions
        self._organisation = organisation
        self._audit = audit
        self._hasher = hasher
        self._clock = clock
        self._config = config
        #: Verified when nobody has the userid, so that an answer takes as long and tells nothing.
        self._nobody = hasher.hash(secrets.token_urlsafe())

    async def by_password(self, userid: str, password: str) -> str | None:
        """Return the secret of a new session; None when userid and password do not belong together, or are locked.

        Nothing tells which of these it was. A right password does not open a locked log-in.
        """
        if len(password) > LONGEST_PASSWORD:
            password = ""
        now = self._clock.now()
        logins = await self._passwords.login(userid)
        if not logins:
            await asyncio.to_thread(self._hasher.verify, self._nobody, password)
            return None
        right = [
            login for login in logins if await asyncio.to_thread(self._hasher.verify, login.password_hash, password)
        ]
        live = next((login for login in right if login.locked_until is None or login.locked_until <= now), None)
        if live is not None:
            fresh = self._hasher.is_outdated(live.password_hash)
            rehashed = await asyncio.to_thread(self._hasher.hash, password) if fresh else None
            await self._passwords.succeeded(live.staff_id, rehashed=rehashed)
            return await self._open(live.staff_id, method="password")
        if not right:  # of two people with one userid, one's right password is no failure of the other
            for login in logins:
                await self._failed(login, now=now)
        return None

    async def by_wecom(self, realm: str, userid: str) -> str | None:
        """Return the secret of a new session for who WeCom says it is; None when nobody active is bound to it."""
        staff_id = await self._organisation.bound(realm, userid)
        return None if staff_id is None else await self._open(staff_id, method="wecom")

    async def current(self, secret: str, *, is_used: bool = True) -> SignedIn | None:
        """Return who a live session's secret belongs to; rights are read anew each time, so a change counts at once.

        `is_used`: whether somebody did something; else the session comes nearer to its idle end.
        """
        now = self._clock.now()
        session = await self._sessions.find(
            digest_of(secret), now=now, idle=self._config.idle, longest=self._config.longest, is_used=is_used
        )
        if session is None:
            return None
        member = await self._organisation.member(session.staff_id, now=now)
        return None if member is None else SignedIn(session=session, member=member, viewer=viewer_of(member))

    async def sign_out(self, signed_in: SignedIn) -> None:
        """End the session."""
        now = self._clock.now()
        await self._sessions.end(signed_in.session.id, now=now)
        await self._audit.note(signed_in.viewer, Deed(action="signed_out", subject="console"), now=now)

    async def set_password(self, staff_id: int, password: str) -> None:
        """Set somebody's password and sign them out everywhere. Raises WeakPassword."""
        check_password(password)
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        await self._passwords.put(staff_id, hashed, now=self._clock.now())

    async def _failed(self, login: Login, *, now: datetime) -> None:
        """Count a wrong password; that a log-in is locked by it stands in the audit."""
        if login.locked_until is not None and login.locked_until > now:
            return
        locked = await self._passwords.failed(
            login.staff_id, limit=self._config.failures, until=now + self._config.locked
        )
        member = await self._organisation.member(login.staff_id, now=now) if locked else None
        if member is not None:
            deed = Deed(action="locked_out", subject="console", detail=f"{self._config.failures} wrong passwords")
            await self._audit.note(viewer_of(member), deed, now=now)

    async def _open(self, staff_id: int, *, method: str) -> str | None:
        now = self._clock.now()
        member = await self._organisation.member(staff_id, now=now)
        if member is None:
            return None
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        await self._sessions.open(digest_of(secret), staff_id=staff_id, method=method, now=now)
        await self._audit.note(viewer_of(member), Deed(action="signed_in", subject="console", detail=method), now=now)
        return secret


def digest_of(secret: str) -> bytes:
    """Return what is stored of a session's or key's secret, which itself has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8")).digest()


def check_password(password: str) -> None:
    """Raise WeakPassword when a password is not to be used."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword(f"密码须为 {SHORTEST_PASSWORD} 到 {LONGEST_PASSWORD} 个字符。")
    if len(set(password)) < 4 or password.lower() in _OBVIOUS:
        raise WeakPassword("这个密码太容易猜到，请换一个。")


_OBVIOUS: Final = frozenset({"password", "12345678", "123456789", "1234567890", "qwertyui", "zhike123", "password1"})
