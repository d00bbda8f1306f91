"""Files that the bot uploads and fetches: whose they are, how long, and which pictures are refused."""

from __future__ import annotations

import pytest

from tests.scenario.sandbox.rig import Driver

SEND = "/oa/cgi-bin/message/custom/send"


@pytest.fixture
async def token(driver: Driver) -> str:
    return str((await driver.stable_token())["access_token"])


@pytest.fixture
async def alice(driver: Driver) -> str:
    return await driver.openid("alice")


async def _keeps(driver: Driver, path: str, token: str, media_id: str) -> bool:
    """Tell whether the platform gives a file for an id, in place of 40007."""
    params = {"access_token": token, "media_id": media_id}
    async with driver.session.get(driver.base + path, params=params) as response:
        if response.content_type == "image/png":
            return True
        assert (await response.json())["errcode"] == 40007
        return False


async def test_an_uploaded_picture_can_be_sent_and_fetched(driver: Driver, token: str, alice: str) -> None:
    await driver.act("safe-xml", "alice", "text", text="你好")
    media_id = (await driver.upload("/oa/cgi-bin/media/upload", token, b"\x89PNG...."))["media_id"]
    body = {"touser": alice, "msgtype": "image", "image": {"media_id": media_id}}
    assert (await driver.post(SEND, body, access_token=token))["errcode"] == 0
    async with driver.session.get(
        f"{driver.base}/oa/cgi-bin/media/get", params={"access_token": token, "media_id": media_id}
    ) as response:
        assert (response.content_type, await response.read()) == ("image/png", b"\x89PNG....")


async def test_a_file_belongs_to_one_account_or_corporation_and_is_gone_after_three_days(
    driver: Driver, token: str, alice: str
) -> None:
    other = (await driver.stable_token("wx-plain-xml"))["access_token"]
    corp = (await driver.wecom_token())["access_token"]
    oa, wecom = "/oa/cgi-bin/media", "/wecom/cgi-bin/media"
    official = (await driver.upload(f"{oa}/upload", token, b"\x89PNG....."))["media_id"]
    application = (await driver.upload(f"{wecom}/upload", corp, b"\x89PNG....."))["media_id"]
    assert await _keeps(driver, f"{oa}/get", token, official)
    assert await _keeps(driver, f"{wecom}/get", corp, application)
    assert not await _keeps(driver, f"{oa}/get", other, official)
    assert not await _keeps(driver, f"{oa}/get", token, application)
    assert not await _keeps(driver, f"{wecom}/get", corp, official)
    await driver.act("safe-xml", "alice", "text", text="你好")
    foreign = {"touser": alice, "msgtype": "image", "image": {"media_id": application}}
    assert (await driver.post(SEND, foreign, access_token=token))["errcode"] == 40007
    await driver.advance(3 * 86_400, step=21_600)
    token, corp = (await driver.stable_token())["access_token"], (await driver.wecom_token())["access_token"]
    assert not await _keeps(driver, f"{oa}/get", token, official)
    assert not await _keeps(driver, f"{wecom}/get", corp, application)


@pytest.mark.parametrize("rules", [{"oa_image_bytes": 100}])
async def test_pictures_that_are_too_big_or_of_another_kind_are_refused(driver: Driver, token: str) -> None:
    corp = (await driver.wecom_token())["access_token"]
    oa, wecom = "/oa/cgi-bin/media/upload", "/wecom/cgi-bin/media/upload"
    big, ten_megabytes = b"\x89PNG" + bytes(97), b"\x89PNG" + bytes((10 << 20) - 3)
    refusals = [
        await driver.upload(oa, token, big),
        await driver.upload(wecom, corp, ten_megabytes),
        await driver.upload(oa, token, b"BM......"),
        await driver.upload(wecom, corp, b"GIF89a...."),
        await driver.upload(wecom, corp, b"\x89PNG."),
        await driver.upload(oa, token, b""),
    ]
    assert [answer["errcode"] for answer in refusals] == [45001, 45001, 40005, 40005, 40006, 44001]
    assert "media_id" in await driver.upload(oa, token, b"GIF89a....")
    assert "media_id" in await driver.upload(wecom, corp, big)
