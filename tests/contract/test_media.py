"""Media of both platforms over real HTTP: fetched with a bound, known by their first bytes, uploaded as a form."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.api import PlatformApi
from bot.channels.media import GIF, JPEG, MOST_BYTES, PNG, Media
from bot.channels.pictures import Pictures
from bot.channels.tokens import TokenKeeper
from bot.channels.wechat.client import WechatTokens
from bot.channels.wechat.errors import ERRORS as WECHAT_ERRORS
from bot.channels.wecom.client import WecomTokens
from bot.channels.wecom.errors import ERRORS as WECOM_ERRORS
from content.messages import ImageReply
from handlers.delivery.errors import ChannelError, MediaGone, MediaTooLarge, NotAPicture, NotCarried
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf

PHOTO = b"\xff\xd8\xff\xe0" + b"photo" * 100


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """One account's media against a scripted platform."""

    media: Media
    platform: ScriptedPlatform


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def _wechat(api: PlatformApi, clock: ManualClock) -> Media:
    fetch = WechatTokens(api=api, app_id="wx1", secret="s").fetch
    tokens = TokenKeeper(key="wx1:x", store=TokenShelf(), fetch=fetch, clock=clock)
    return Media(api=api, tokens=tokens, errors=WECHAT_ERRORS, formats=(JPEG, PNG, GIF))


def _wecom(api: PlatformApi, clock: ManualClock) -> Media:
    fetch = WecomTokens(api=api, corp_id="ww1", secret="s").fetch
    tokens = TokenKeeper(key="ww1:x", store=TokenShelf(), fetch=fetch, clock=clock)
    return Media(api=api, tokens=tokens, errors=WECOM_ERRORS, formats=(JPEG, PNG))


async def _kept(
    http: aiohttp.ClientSession, clock: ManualClock, build: Callable[[PlatformApi, ManualClock], Media]
) -> AsyncIterator[Keeper]:
    platform = ScriptedPlatform()
    async with serve(platform) as address:
        api = PlatformApi(http=http, base_url=address, clock=clock, connect_seconds=1, answer_seconds=0.3)
        yield Keeper(media=build(api, clock), platform=platform)


@pytest.fixture
async def official(http: aiohttp.ClientSession, clock: ManualClock) -> AsyncIterator[Keeper]:
    async for keeper in _kept(http, clock, _wechat):
        yield keeper


@pytest.fixture
async def application(http: aiohttp.ClientSession, clock: ManualClock) -> AsyncIterator[Keeper]:
    async for keeper in _kept(http, clock, _wecom):
        yield keeper


@pytest.fixture(params=["official", "application"])
def keeper(request: pytest.FixtureRequest) -> Keeper:
    found: Keeper = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def pictures(official: Keeper, application: Keeper, clock: ManualClock) -> Pictures:
    """Return what brings pictures of the application to the official account."""
    return Pictures(official.media, others={"assistant": application.media}, room=Semaphore(1), clock=clock)


def _form(call: Any, content_type: str) -> Any:
    return BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + call.body)


async def test_a_picture_is_fetched_as_it_is(keeper: Keeper) -> None:
    keeper.platform.script.append(Reply(raw=PHOTO))
    assert await keeper.media.get("m1") == PHOTO
    [call] = keeper.platform.calls
    assert (call.method, call.path, call.query) == (
        "GET",
        "/cgi-bin/media/get",
        {"access_token": "t1", "media_id": "m1"},
    )


@pytest.mark.parametrize("size", [500, 3 << 20])
async def test_a_picture_is_uploaded_as_a_file_in_a_form(keeper: Keeper, size: int) -> None:
    photo = PHOTO.ljust(size, b"p")
    keeper.platform.script.append(Reply(fields={"type": "image", "media_id": "m2", "created_at": 1}))
    assert await keeper.media.put(photo) == "m2"
    [call] = keeper.platform.calls
    assert (call.method, call.path, call.query["type"]) == ("POST", "/cgi-bin/media/upload", "image")
    boundary = call.body.split(b"\r\n", 1)[0][2:].decode()
    [part] = _form(call, f"multipart/form-data; boundary={boundary}").get_payload()
    assert (part.get_param("name", header="content-disposition"), part.get_filename()) == ("media", "picture.jpg")
    assert (part.get_content_type(), part.get_payload(decode=True)) == ("image/jpeg", photo)


async def test_a_gateway_that_takes_no_more_says_that_it_is_too_large(keeper: Keeper) -> None:
    keeper.platform.script.append(Reply(raw=b"Request Entity Too Large", status=413))
    with pytest.raises(MediaTooLarge):
        await keeper.media.put(PHOTO)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"errcode": 40007, "errmsg": "invalid media_id"}, MediaGone),
        ({"errcode": 45001, "errmsg": "media size out of limit"}, MediaTooLarge),
        ({"video_url": "http://example.test/film"}, NotAPicture),
    ],
)
async def test_fields_in_place_of_a_file_say_why_there_is_none(
    keeper: Keeper, fields: dict[str, Any], error: type[ChannelError]
) -> None:
    keeper.platform.script.append(Reply(fields=fields))
    with pytest.raises(error):
        await keeper.media.get("m1")


async def test_a_refused_token_is_replaced_on_both_ways(keeper: Keeper) -> None:
    refused = Reply(fields={"errcode": 42001, "errmsg": "expired"})
    keeper.platform.script.extend([refused, Reply(raw=PHOTO), refused, Reply(fields={"media_id": "m2"})])
    assert await keeper.media.get("m1") == PHOTO
    assert await keeper.media.put(PHOTO) == "m2"
    assert [call.query["access_token"] for call in keeper.platform.calls] == ["t1", "t2", "t2", "t3"]


async def test_no_more_is_read_than_a_picture_may_have(http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """The platform would go on for ever; the bound ends it."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        if request.path.endswith("/gettoken"):
            return web.json_response({"access_token": "t", "expires_in": 7200})
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(PHOTO[:4] * (1 << 16))
            sent += 4 << 16

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", endless)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.01)
    try:
        api = PlatformApi(http=http, base_url=str(server.make_url("")), clock=clock)
        async with asyncio.timeout(10):
            with pytest.raises(MediaTooLarge):
                await _wecom(api, clock).get("m1")
    finally:
        await server.close()
    assert MOST_BYTES < sent < 3 * MOST_BYTES


async def test_what_is_no_picture_for_the_platform_is_not_uploaded(official: Keeper, application: Keeper) -> None:
    gif = b"GIF89a" + b"x" * 20
    official.platform.script.append(Reply(fields={"media_id": "m2"}))
    assert await official.media.put(gif) == "m2"
    for bad in (gif, b"BM" + b"x" * 20, b"<html>", b"\x89PN"):
        with pytest.raises(NotAPicture):
            await application.media.put(bad)
    with pytest.raises(MediaTooLarge):
        await application.media.put(PHOTO[:4] + bytes(MOST_BYTES))
    assert application.platform.calls == []


async def test_a_picture_goes_from_the_one_platform_to_the_other(
    official: Keeper, application: Keeper, pictures: Pictures
) -> None:
    application.platform.script.append(Reply(raw=PHOTO))
    official.platform.script.append(Reply(fields={"media_id": "m2"}))
    carried = await pictures.carry(ImageReply(media_id="m1", kept_by="assistant", by="zhang", instead="没能转来"))
    assert carried == ImageReply(media_id="m2", by="zhang")
    assert PHOTO in official.platform.calls[0].body


@pytest.mark.parametrize("side", ["fetch", "upload"])
@pytest.mark.parametrize("trouble", ["busy", "cut", "silence"])
async def test_either_call_is_made_once_more_and_then_given_up(
    official: Keeper, application: Keeper, pictures: Pictures, clock: ManualClock, side: str, trouble: str
) -> None:
    bad = Reply(fields={"errcode": -1}) if trouble == "busy" else Reply(trouble=trouble)
    failing = application if side == "fetch" else official
    good = Reply(raw=PHOTO) if side == "fetch" else Reply(fields={"media_id": "m2"})
    if side == "upload":
        application.platform.script.extend([Reply(raw=PHOTO)] * 2)
    else:
        official.platform.script.append(Reply(fields={"media_id": "m2"}))
    failing.platform.script.extend([bad, good, bad, bad])
    picture = ImageReply(media_id="m1", kept_by="assistant")

    async def carried() -> ImageReply:
        task = asyncio.create_task(pictures.carry(picture))
        while not task.done():
            await asyncio.sleep(0.01)
            await clock.advance(1)
        return task.result()

    async with asyncio.timeout(10):
        assert (await carried()).media_id == "m2"
        with pytest.raises(NotCarried):
            await carried()
    assert len(failing.platform.calls) == 4


@pytest.mark.parametrize("code", [48001, 60020, 45009])
async def test_what_stops_the_keepers_account_says_nothing_of_the_sending_one(
    application: Keeper, pictures: Pictures, code: int
) -> None:
    application.platform.script.append(Reply(fields={"errcode": code}))
    with pytest.raises(NotCarried) as caught:
        await pictures.carry(ImageReply(media_id="m1", kept_by="assistant"))
    assert (type(caught.value), caught.value.code) == (NotCarried, code)


async def test_a_picture_of_an_account_that_is_not_served_is_not_looked_for(pictures: Pictures) -> None:
    with pytest.raises(NotCarried, match="no account 'gone' is served"):
        await pictures.carry(ImageReply(media_id="m1", kept_by="gone"))
