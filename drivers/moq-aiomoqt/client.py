#!/usr/bin/env python3
"""The six tests of the MoQ interop runner, played with aiomoqt's own client; the result is TAP 14 on standard output.

Environment: RELAY_URL (https:// is WebTransport, moqt:// is QUIC alone), TLS_DISABLE_VERIFY=1, TESTCASE (one test only),
DRAFT or MOQT_DRAFT (speak this one only). The exit status is 0 when all passed, 1 when one did not, 127 for a test that is none of the six.
"""

import asyncio
import json
import os
import sys
import time
from importlib.metadata import version

from aiomoqt.client import MOQTClient
from aiomoqt.types import MOQTMessageType, MOQTRequestError, parse_draft_spec
from aiomoqt.utils.url import parse_relay_url

NAMESPACE = "moq-test/interop"
TRACK = "test-track"

# Seconds. The suite's tests allow 2 to 3.5 s for all they do; a connection counts apart here, because its time is the processor's share.
CONNECT_WITHIN = 5
ANSWER_WITHIN = 3
# From the publisher's announcement on; before that the subscription may wait.
LATE_ANSWER_WITHIN = 3.5
PUBLISHER_LATE = 0.5


class Failed(Exception):
    """A test's own verdict: what was expected, and what came instead."""

    def __init__(self, expected, received):
        super().__init__(f"expected {expected}, received {received}")
        self.expected = expected
        self.received = received


async def answer(what, request, within=ANSWER_WITHIN):
    """Waits for the answer to a request; raises Failed when none comes. The relay's refusal (MOQTRequestError) is for the caller."""
    try:
        return await asyncio.wait_for(request, within)
    except TimeoutError:
        raise Failed(what, f"no answer within {within} s") from None
    except MOQTRequestError as refusal:
        # The library tells of a session's or a stream's end in the same words; only an answer of the relay's has a message behind it.
        if refusal.response is None:
            raise Failed(what, refusal.reason) from None
        raise


class Test:
    """One test: the sessions that it opened, and what they negotiated."""

    def __init__(self, settings):
        self.settings = settings
        self.diagnostics = {}

    async def session(self, stack, role="", handlers=None):
        """Connects and exchanges SETUP; the session ends with `stack`."""
        client = MOQTClient(**self.settings)
        for message, handler in (handlers or {}).items():
            client.register_handler(message, handler)
        connected = client.connect()
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                session = await connected.__aenter__()
                # Its own end is fast and polite; the library's __aexit__ waits for it.
                stack.append((session, connected))
                await session.client_session_init(timeout=CONNECT_WITHIN)
        except TimeoutError:
            raise Failed("SETUP", f"none within {CONNECT_WITHIN} s") from None
        told = session.handshake_info
        self.diagnostics["negotiated_draft"] = f"draft-{told['draft']:02}"
        self.diagnostics["transport"] = told["transport"]
        first = (told.get("connection_ids") or {}).get("initial")
        if first:
            self.diagnostics[f"{role}connection_id"] = first.hex()
        return session

    async def setup_only(self, stack):
        await self.session(stack)

    async def announce_only(self, stack):
        session = await self.session(stack)
        await announce(session)

    async def publish_namespace_done(self, stack):
        session = await self.session(stack)
        accepted = await announce(session)
        session.publish_namespace_done(namespace=session._make_namespace_tuple(NAMESPACE), request_id=accepted.request_id)
        # A relay that dislikes the withdrawal closes the session; there is no other answer to wait for.
        await asyncio.sleep(0.2)
        if session._moqt_session_closed.done():
            raise Failed("the session stays open after the withdrawal", f"it was closed: {session._moqt_session_closed.result()}")

    async def subscribe_error(self, stack):
        session = await self.session(stack)
        try:
            await answer("REQUEST_ERROR", session.subscribe(namespace="nonexistent/namespace", track_name=TRACK, wait_response=True))
        except MOQTRequestError as refusal:
            self.diagnostics["error_code"] = f"{int(refusal.error_code):#x}"
            return
        raise Failed("REQUEST_ERROR", "SUBSCRIBE_OK")

    async def announce_subscribe(self, stack):
        publisher = await self.session(stack, "publisher_", {MOQTMessageType.SUBSCRIBE: accept_subscription})
        await announce(publisher)
        subscriber = await self.session(stack, "subscriber_")
        try:
            await answer("SUBSCRIBE_OK", subscriber.subscribe(namespace=NAMESPACE, track_name=TRACK, wait_response=True))
        except MOQTRequestError as refusal:
            raise Failed("SUBSCRIBE_OK", f"REQUEST_ERROR {int(refusal.error_code):#x} {refusal.reason}") from None

    async def subscribe_before_announce(self, stack):
        subscriber = await self.session(stack, "subscriber_")
        subscription = asyncio.ensure_future(subscriber.subscribe(namespace=NAMESPACE, track_name=TRACK, wait_response=True))
        try:
            await asyncio.sleep(PUBLISHER_LATE)
            publisher = await self.session(stack, "publisher_", {MOQTMessageType.SUBSCRIBE: accept_subscription})
            await announce(publisher)
            try:
                await answer("SUBSCRIBE_OK or REQUEST_ERROR", asyncio.shield(subscription), LATE_ANSWER_WITHIN)
                self.diagnostics["answer"] = "SUBSCRIBE_OK"
            except MOQTRequestError as refusal:
                self.diagnostics["answer"] = f"REQUEST_ERROR {int(refusal.error_code):#x}"
        finally:
            subscription.cancel()
            await asyncio.gather(subscription, return_exceptions=True)


async def announce(session):
    """PUBLISH_NAMESPACE, and its REQUEST_OK."""
    try:
        return await answer("REQUEST_OK for PUBLISH_NAMESPACE", session.publish_namespace(namespace=NAMESPACE, wait_response=True))
    except MOQTRequestError as refusal:
        raise Failed("REQUEST_OK for PUBLISH_NAMESPACE", f"REQUEST_ERROR {int(refusal.error_code):#x} {refusal.reason}") from None


async def accept_subscription(session, message):
    """The publisher's part: every track of the namespace exists, and is empty."""
    session.subscribe_ok(request_msg=message)


TESTS = {
    "setup-only": Test.setup_only,
    "announce-only": Test.announce_only,
    "publish-namespace-done": Test.publish_namespace_done,
    "subscribe-error": Test.subscribe_error,
    "announce-subscribe": Test.announce_subscribe,
    "subscribe-before-announce": Test.subscribe_before_announce,
}


def say(line):
    print(line, flush=True)


async def play(number, name, settings, drafts):
    """Plays one test and says its point at once; returns whether it passed. `drafts` holds what was told as negotiated before."""
    test, stack, failure = Test(settings), [], None
    began = time.monotonic()
    try:
        await TESTS[name](test, stack)
    except Exception as error:
        failure = error
    for session, connected in reversed(stack):
        try:
            session.close()
            await connected.__aexit__(None, None, None)
        except Exception as error:
            # The verdict stands: what was asked for has been answered.
            print(f"client: the session did not end well: {type(error).__name__}: {error}", file=sys.stderr)
    told = {"duration_ms": round((time.monotonic() - began) * 1000), **test.diagnostics}
    if failure is not None:
        told["message"] = str(failure) or type(failure).__name__
    if isinstance(failure, Failed):
        told["expected"], told["received"] = failure.expected, failure.received

    draft = test.diagnostics.get("negotiated_draft")
    if draft and draft not in drafts:
        drafts.add(draft)
        say(f"# Draft: {draft}")
    say(f"{'not ok' if failure else 'ok'} {number} - {name}")
    say("  ---")
    for key, value in told.items():
        say(f"  {key}: {value if isinstance(value, int) else json.dumps(value)}")
    say("  ...")
    return failure is None


async def main():
    # Its own spellings of yes: other clients take 1 only, the suite's entry points 1 and true.
    insecure = os.environ.get("TLS_DISABLE_VERIFY", "").lower() in ("1", "true")
    url = os.environ.get("RELAY_URL", "https://localhost:4443")
    relay = parse_relay_url(url)
    draft = os.environ.get("DRAFT") or os.environ.get("MOQT_DRAFT")
    settings = {
        "host": relay.host,
        "port": relay.port,
        "path": relay.path or "",
        "use_quic": relay.use_quic,
        "verify_tls": not insecure,
        "supported_drafts": parse_draft_spec(draft) if draft else None,
    }
    wanted = os.environ.get("TESTCASE")
    if wanted and wanted not in TESTS:
        say("TAP version 14")
        say("1..0 # SKIP this client has no such test")
        print(f"client: there is no test '{wanted}'; there are: {', '.join(TESTS)}", file=sys.stderr)
        return 127
    names = [wanted] if wanted else list(TESTS)

    say("TAP version 14")
    say(f"# Client: aiomoqt {version('aiomoqt')} on aiopquic {version('aiopquic')}")
    say(f"# Relay: {url}")
    say(f"1..{len(names)}")
    drafts = set()
    passed = [await play(number, name, settings, drafts) for number, name in enumerate(names, 1)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    # Not sys.exit: the library's helper threads are of no more use.
    status = asyncio.run(main())
    sys.stdout.flush()
    os._exit(status)
