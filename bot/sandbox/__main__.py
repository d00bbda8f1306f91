"""`python -m bot.sandbox --config FILE`: run the sandbox until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from bot.sandbox.app import raise_file_limit, sandbox
from bot.sandbox.config import ConfigError, SandboxConfig, load_config

_EXIT_CONFIG = 78
_SHUTDOWN_SECONDS = 1.0


def main(argv: list[str] | None = None) -> int:
    """Run the sandbox and return the exit code; 78 when the configuration cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description="WeChat and WeCom, simulated.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file with accounts, people and the clock")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9700, help="0 takes a free one; the first line printed names it")
    args = parser.parse_args(argv)
    try:
        config = load_config(args.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_CONFIG
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(config, home=args.config.resolve().parent, host=args.host, port=args.port))


async def _serve(config: SandboxConfig, *, home: Path, host: str, port: int) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with sandbox(config, home=home) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, backlog=4096)
            await site.start()
        except OSError as error:
            sys.stderr.write(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port\n")
            await runner.cleanup()
            return 1
        sys.stdout.write(f"sandbox listening on http://{host}:{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
