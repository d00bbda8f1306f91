"""The baseline: aiohttp, uvloop and wechatpy; decrypts and parses each callback and answers `success`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

import uvloop
from aiohttp import web
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

_SUCCESS: Final = b"success"


class BareServer:
    """Takes the callbacks of one account in and keeps nothing."""

    def __init__(self, crypto: WeChatCrypto) -> None:
        self._crypto = crypto

    async def receive(self, request: web.Request) -> web.Response:
        """Decrypt, parse, acknowledge."""
        body = await request.read()
        query = request.query
        xml = self._crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        parse_message(xml)
        return web.Response(body=_SUCCESS, content_type="text/plain")


async def _serve(server: BareServer, port: int) -> None:
    app = web.Application()
    app.router.add_post("/callback/{account}", server.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    sys.stdout.write(f"bare server on port {port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    for name in ("--token", "--aes-key", "--app-id"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    server = BareServer(WeChatCrypto(given.token, given.aes_key, given.app_id))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(server, given.port))


if __name__ == "__main__":
    main()
