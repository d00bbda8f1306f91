"""The insurer's REST service of policies (docs/policies.md says what it must answer), and its gateway for codes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import aiohttp
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, ValidationError
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_none

from content.policy import Holder, Policy, PolicyBook, ServiceCase
from handlers.policies.ports import CodeNotSent, SourceDown

log = structlog.get_logger()
M = TypeVar("M", bound=BaseModel)
#: An answer must be there before the platform hangs up (4.5 s), the retry included.
_SECONDS: Final = 1.8
_ATTEMPTS: Final = 2


class _Answer(BaseModel):
    # A service may say more than we read.
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _HolderAnswer(_Answer):
    holder: str
    phone: str = ""


class _PolicyAnswer(_Answer):
    number: str
    product: str
    insured: str
    status: str
    start: date | None = None
    end: date | None = None
    premium: Decimal | None = None
    paid_until: date | None = None
    next_due: date | None = None
    sum_insured: Decimal | None = None
    callback_due: date | None = None


class _CaseAnswer(_Answer):
    number: str
    kind: str
    step: str
    since: date | None = None
    next_step: str = ""


class _BookAnswer(_Answer):
    as_of: AwareDatetime
    policies: list[_PolicyAnswer]
    cases: list[_CaseAnswer] = []


class RestSource:
    """The policy source over HTTP: a `PolicySource`."""

    def __init__(self, *, http: aiohttp.ClientSession, url: str, secret: SecretStr) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._secret = secret

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        """POST /holders/find: the three in the body, so that they stand in no log of addresses."""
        body = {"name": name, "policy": policy, "id_tail": id_tail}
        found = await self._ask("POST", "/holders/find", _HolderAnswer, body=body)
        return None if found is None else Holder(holder=found.holder, phone=found.phone)

    async def holder(self, holder: str) -> Holder | None:
        """POST /holders/get."""
        found = await self._ask("POST", "/holders/get", _HolderAnswer, body={"holder": holder})
        return None if found is None else Holder(holder=found.holder, phone=found.phone)

    async def book(self, holder: str) -> PolicyBook:
        """POST /holders/policies."""
        found = await self._ask("POST", "/holders/policies", _BookAnswer, body={"holder": holder})
        if found is None:
            raise SourceDown("the policy service knows the bound holder no longer")
        as_of: datetime = found.as_of
        return PolicyBook(
            as_of=as_of,
            policies=tuple(Policy(**policy.model_dump()) for policy in found.policies),
            cases=tuple(ServiceCase(**case.model_dump()) for case in found.cases),
        )

    async def _ask(self, method: str, path: str, model: type[M], *, body: dict[str, str]) -> M | None:
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(_ATTEMPTS),
                wait=wait_none(),
                retry=retry_if_exception_type((aiohttp.ClientError, TimeoutError, OSError)),
            ):
                with attempt:
                    return await self._once(method, path, model, body=body)
        except RetryError as error:
            cause = error.last_attempt.exception()
            log.warning("The policy source cannot be reached.", action="policy_source_down", detail=repr(cause))
            raise SourceDown(f"{method} {path}: {type(cause).__name__}") from error
        raise AssertionError("unreachable")

    async def _once(self, method: str, path: str, model: type[M], *, body: dict[str, str]) -> M | None:
        headers = {"Authorization": f"Bearer {self._secret.get_secret_value()}"}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with self._http.request(
            method, self._url + path, json=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            if response.status == 404:
                return None
            if response.status >= 500:
                raise aiohttp.ClientError(f"HTTP {response.status}")
            if response.status != 200:
                log.error("The policy source refuses us.", action="policy_source_refused", status=response.status)
                raise SourceDown(f"{method} {path}: HTTP {response.status}; check [policies] url and secret")
            answer: Any = await response.read()
        try:
            return model.model_validate_json(answer)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            log.error("The policy source answers what is no answer.", action="policy_source_unreadable", where=where)
            raise SourceDown(
                f"{method} {path}: the answer cannot be read at {where!r}; see docs/policies.md"
            ) from error


class CodeGateway:
    """The insurer's gateway for text messages: a `CodeSender`."""

    def __init__(self, *, http: aiohttp.ClientSession, url: str, secret: SecretStr) -> None:
        self._http = http
        self._url = url
        self._secret = secret

    async def send(self, phone: str, text: str, *, key: str) -> None:
        """POST phone and text with the key as `Idempotency-Key`. Raises CodeNotSent."""
        headers = {"Authorization": f"Bearer {self._secret.get_secret_value()}", "Idempotency-Key": key}
        try:
            async with self._http.post(
                self._url,
                json={"phone": phone, "text": text},
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                allow_redirects=False,
            ) as response:
                if response.status not in (200, 201, 202, 204):
                    raise CodeNotSent(f"the gateway answers HTTP {response.status}; check [policies] codes_url")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("A code cannot be sent.", action="code_not_sent", detail=type(error).__name__)
            raise CodeNotSent(f"the gateway cannot be reached ({type(error).__name__})") from error
