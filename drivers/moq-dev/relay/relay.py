#!/usr/bin/env python3
"""A relay on moq-dev's Rust library, through its Python bindings: what one session announces, every other one can subscribe to.

Environment: MOQT_ROLE=relay, MOQT_PORT, MOQT_CERT, MOQT_KEY. WebTransport and QUIC alone on one port.
"""

import asyncio
import os
import signal
import sys

import moq


def log(text):
    print(f"moq-relay: {text}", file=sys.stderr, flush=True)


async def serve(number, request):
    """One session, from its SETUP to its end. How it ends is its peer's business, and no fault of the relay's."""
    try:
        session = await request.accept()
        log(f"session {number}: open")
        await session.closed()
        log(f"session {number}: closed")
    except moq.Error as error:
        log(f"session {number}: ended: {error!r}")


async def accept(server):
    sessions = set()
    number = 0
    async for request in server:
        number += 1
        session = asyncio.create_task(serve(number, request))
        sessions.add(session)
        session.add_done_callback(sessions.discard)


async def main():
    role = os.environ.get("MOQT_ROLE", "relay")
    if role != "relay":
        log(f"MOQT_ROLE is '{role}'; this image is a relay only")
        return 127
    # Without origins of its own a server takes one for both directions: what it consumes, it publishes.
    server = moq.Server(
        f"0.0.0.0:{os.environ.get('MOQT_PORT', '4443')}",
        tls_cert=[os.environ.get("MOQT_CERT", "/certs/cert.pem")],
        tls_key=[os.environ.get("MOQT_KEY", "/certs/priv.key")],
    )
    try:
        await server.__aenter__()
    except moq.Error as error:
        log(f"cannot listen: {error!r}")
        return 1
    log(f"listening on {server.local_addr}")
    accepting = asyncio.ensure_future(accept(server))
    loop = asyncio.get_running_loop()
    for end in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(end, accepting.cancel)
    try:
        await accepting
    except asyncio.CancelledError:
        log("told to end")
    return 0


if __name__ == "__main__":
    status = asyncio.run(main())
    # Not sys.exit: the library's threads need not be waited for.
    os._exit(status)
