// The six tests of the MoQ interop runner, played with @moq/net over @moq/web-transport; the result is TAP 14 on standard output.
//
// Environment: RELAY_URL (https:// only: the library speaks WebTransport), TLS_DISABLE_VERIFY=1, TESTCASE (one test only),
// DRAFT or MOQT_DRAFT (speak this one only). The exit status is 0 when all passed, 1 when one did not, 127 for what this client cannot do.
//
// The library tells its user neither that an announcement was accepted nor that a subscription was: it hides both, and tries again in
// silence. So the answers are read where they arrive: from draft 17 on every request has a stream of its own, whose first byte says
// what it is, and the first byte that comes back is the answer. That is also why earlier drafts are not offered.

import * as Moq from "@moq/net";
import Session from "@moq/web-transport";
import net from "@moq/net/package.json";
import transport from "@moq/web-transport/package.json";

const NAMESPACE = Moq.Path.from("moq-test/interop");
const TRACK = "test-track";
// Which drafts the library has and this client can watch, the newest first.
const DRAFTS = [20, 19, 18, 17];

// Milliseconds. The suite's tests allow 2 to 3.5 s for all they do; a connection counts apart here, because its time is the processor's share.
const CONNECT_WITHIN = 5000;
const ANSWER_WITHIN = 3000;
// From the publisher's announcement on; before that the subscription may wait.
const LATE_ANSWER_WITHIN = 3500;
const PUBLISHER_LATE = 500;
// How long a relay has to say that it dislikes what needs no answer.
const SETTLES = 200;

// The messages of drafts 17 to 20 that this client looks at.
const SUBSCRIBE = 0x03;
const PUBLISH_NAMESPACE = 0x06;
const SUBSCRIBE_NAMESPACE = [0x11, 0x50];
const NAMES: Record<number, string> = { 0x04: "SUBSCRIBE_OK", 0x05: "REQUEST_ERROR", 0x07: "REQUEST_OK" };
const NAMESPACE_ENTRY = 0x08;
const SOLICITED = "NAMESPACE, as the relay asked";

// Everything a library logs goes to standard error: standard output is the result.
for (const level of ["log", "debug", "info", "warn"] as const) console[level] = console.error;

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A test's own verdict: what was expected, and what came instead. */
class Unexpected extends Error {
	constructor(
		readonly expected: string,
		readonly received: string,
	) {
		super(`expected ${expected}, received ${received}`);
	}
}

/** Waits for `promise`; silence is an Unexpected. */
async function within<T>(milliseconds: number, expected: string, promise: Promise<T>): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const silence = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Unexpected(expected, `no answer within ${milliseconds / 1000} s`)), milliseconds);
	});
	try {
		return await Promise.race([promise, silence]);
	} finally {
		clearTimeout(timer);
	}
}

/** What the peer answered to a request: "SUBSCRIBE_OK", "REQUEST_ERROR 0x10", ...; or why there will be no answer. */
interface Answer {
	text: string;
	accepted: boolean;
	refused: boolean;
}

/** One end's requests of a session, by the number of their message, and what came back for them. */
class Watch {
	#answers = new Map<number, ReturnType<typeof Promise.withResolvers<Answer>>>();

	answer(request: number) {
		let answer = this.#answers.get(request);
		if (!answer) this.#answers.set(request, (answer = Promise.withResolvers<Answer>()));
		return answer;
	}

	/** Lets `stream` pass through, reading along what is sent and the first bytes of what comes back. */
	along(stream: WebTransportBidirectionalStream): WebTransportBidirectionalStream {
		let request: number | undefined;
		let head = new Uint8Array();
		let said = false;
		const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
		const writer = stream.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
		const tell = (text: string, accepted: boolean, refused: boolean) => {
			said = true;
			if (request !== undefined) this.answer(request).resolve({ text, accepted, refused });
		};
		return {
			readable: new ReadableStream<Uint8Array>({
				async pull(controller) {
					try {
						const { value, done } = await reader.read();
						if (done) {
							if (!said) tell("the stream's end without an answer", false, false);
							controller.close();
							return;
						}
						if (!said) {
							head = new Uint8Array([...head, ...value]);
							// A refusal's code stands behind the type and two bytes of length.
							if (head[0] !== 0x05) tell(NAMES[head[0]] ?? `message ${hex(head[0])}`, head[0] in NAMES, false);
							else if (head.length > 3) tell(`REQUEST_ERROR${head[3] < 0x40 ? ` ${hex(head[3])}` : ""}`, false, true);
						}
						controller.enqueue(value);
					} catch (error) {
						if (!said) tell(`the stream's reset: ${reason(error)}`, false, false);
						throw error;
					}
				},
				cancel: (why) => reader.cancel(why),
			}),
			writable: new WritableStream<Uint8Array>({
				write(chunk) {
					if (request === undefined && chunk.length > 0) request = chunk[0];
					return writer.write(chunk);
				},
				close: () => writer.close(),
				abort: (why) => writer.abort(why),
			}),
		} as WebTransportBidirectionalStream;
	}

	/** The same for a stream that the peer opened: a relay that asks for namespaces is told of ours on its own request. */
	asked(stream: WebTransportBidirectionalStream): WebTransportBidirectionalStream {
		let first: number | undefined;
		let answered = false;
		const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
		const writer = stream.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
		return {
			readable: new ReadableStream<Uint8Array>({
				async pull(controller) {
					const { value, done } = await reader.read();
					if (done) return controller.close();
					if (first === undefined && value.length > 0) first = value[0];
					controller.enqueue(value);
				},
				cancel: (why) => reader.cancel(why),
			}),
			writable: new WritableStream<Uint8Array>({
				write: (chunk) => {
					const namespace = answered && chunk[0] === NAMESPACE_ENTRY && SUBSCRIBE_NAMESPACE.includes(first ?? -1);
					answered = true;
					const written = writer.write(chunk);
					if (!namespace) return written;
					const told = { text: SOLICITED, accepted: true, refused: false };
					return written.then(() => this.answer(PUBLISH_NAMESPACE).resolve(told));
				},
				close: () => writer.close(),
				abort: (why) => writer.abort(why),
			}),
		} as WebTransportBidirectionalStream;
	}
}

const hex = (number: number) => `0x${number.toString(16)}`;
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

interface Peer {
	moq: Moq.Connection.Established;
	watch: Watch;
	closed: Promise<WebTransportCloseInfo>;
}

/** A relay that dislikes what needs no answer closes the session. */
async function stays(peer: Peer, after: string) {
	const end = await Promise.race([sleep(SETTLES), peer.closed]);
	if (end) throw new Unexpected(`the session stays open after ${after}`, `its end: ${end.closeCode} ${end.reason}`);
}

/** One test: the sessions that it opened, and what it has to tell beside its verdict. */
class Test {
	readonly told: Record<string, string | number> = {};
	#peers: Peer[] = [];

	constructor(
		readonly relay: URL,
		readonly insecure: boolean,
		readonly drafts: number[],
	) {}

	/** Connects and exchanges SETUP; the session ends with the test. */
	async connect(): Promise<Peer> {
		return await within(CONNECT_WITHIN, "SETUP", this.#connect());
	}

	async #connect(): Promise<Peer> {
		const session = new Session(this.relay, {
			serverCertificateDisableVerify: this.insecure,
			protocols: this.drafts.map((draft) => `moqt-${draft}`),
		});
		await session.ready;
		const draft = /^moqt-(\d+)$/.exec(session.protocol)?.[1];
		if (!draft) {
			session.close();
			const offered = this.drafts.map((number) => `moqt-${number}`).join(", ");
			throw new Unexpected(`one of ${offered} as the WebTransport protocol`, session.protocol || "none");
		}
		const watch = new Watch();
		const incoming = session.incomingBidirectionalStreams.pipeThrough(
			new TransformStream<WebTransportBidirectionalStream, WebTransportBidirectionalStream>({
				transform: (stream, controller) => controller.enqueue(watch.asked(stream)),
			}),
		);
		const watched = new Proxy(session, {
			get(target, name) {
				if (name === "createBidirectionalStream") return async () => watch.along(await target.createBidirectionalStream());
				if (name === "incomingBidirectionalStreams") return incoming;
				// Not through the proxy: the session's fields are private.
				const value = Reflect.get(target, name, target);
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
		const moq = await Moq.Connection.connect(this.relay, { transport: watched });
		this.told.negotiated_draft = `draft-${draft}`;
		this.told.transport = "webtransport";
		const peer = { moq, watch, closed: session.closed };
		this.#peers.push(peer);
		return peer;
	}

	/**
	 * Announces the namespace with its one track; returns once the relay has accepted it. A relay that asks for namespaces
	 * (MoQ Solicit) is told on its own SUBSCRIBE_NAMESPACE, and has no message to accept with: it shows it by staying.
	 */
	async announce(peer: Peer): Promise<Moq.Broadcast.Producer> {
		const broadcast = new Moq.Broadcast.Producer();
		broadcast.createTrack(TRACK);
		peer.moq.publish(NAMESPACE, broadcast);
		const expected = "REQUEST_OK for PUBLISH_NAMESPACE";
		const answer = await within(ANSWER_WITHIN, expected, peer.watch.answer(PUBLISH_NAMESPACE).promise);
		if (!answer.accepted) throw new Unexpected(expected, answer.text);
		if (answer.text === SOLICITED) await stays(peer, "the namespace");
		this.told.announced_by = answer.text === SOLICITED ? SOLICITED : "PUBLISH_NAMESPACE";
		return broadcast;
	}

	/** SUBSCRIBE; the promise is of its answer. */
	subscribe(peer: Peer, path: Moq.Path.Valid): Promise<Answer> {
		const track = peer.moq.consume(path).track(TRACK).subscribe();
		track.closed.then(
			() => {},
			() => {},
		);
		return peer.watch.answer(SUBSCRIBE).promise;
	}

	end() {
		for (const peer of this.#peers.reverse()) peer.moq.close();
	}
}

const TESTS: Record<string, (test: Test) => Promise<void>> = {
	"setup-only": async (test) => {
		await test.connect();
	},
	"announce-only": async (test) => {
		await test.announce(await test.connect());
	},
	"publish-namespace-done": async (test) => {
		const peer = await test.connect();
		const broadcast = await test.announce(peer);
		broadcast.close();
		await stays(peer, "the withdrawal");
	},
	"subscribe-error": async (test) => {
		const peer = await test.connect();
		const path = Moq.Path.from("nonexistent/namespace");
		const answer = await within(ANSWER_WITHIN, "REQUEST_ERROR", test.subscribe(peer, path));
		if (!answer.refused) throw new Unexpected("REQUEST_ERROR", answer.text);
		test.told.answer = answer.text;
	},
	"announce-subscribe": async (test) => {
		await test.announce(await test.connect());
		const answer = await within(ANSWER_WITHIN, "SUBSCRIBE_OK", test.subscribe(await test.connect(), NAMESPACE));
		if (!answer.accepted) throw new Unexpected("SUBSCRIBE_OK", answer.text);
	},
	"subscribe-before-announce": async (test) => {
		const subscriber = await test.connect();
		const answering = test.subscribe(subscriber, NAMESPACE);
		await sleep(PUBLISHER_LATE);
		await test.announce(await test.connect());
		const answer = await within(LATE_ANSWER_WITHIN, "SUBSCRIBE_OK or REQUEST_ERROR", answering);
		if (!answer.accepted && !answer.refused) throw new Unexpected("SUBSCRIBE_OK or REQUEST_ERROR", answer.text);
		test.told.answer = answer.text;
	},
};

// Not console: that one is standard error.
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Says that this client cannot do what was asked of it. */
function unsupported(why: string): never {
	say("TAP version 14");
	say(`1..0 # SKIP ${why}`);
	console.error(`client: ${why}`);
	process.exit(127);
}

const url = process.env.RELAY_URL || "https://localhost:4443";
if (!url.startsWith("https:")) unsupported(`${url}: this client speaks WebTransport only`);
const wanted = process.env.TESTCASE;
if (wanted && !(wanted in TESTS)) unsupported(`there is no test '${wanted}'; there are: ${Object.keys(TESTS).join(", ")}`);
const asked = (process.env.DRAFT || process.env.MOQT_DRAFT || "").match(/\d+/g)?.map(Number) ?? DRAFTS;
const drafts = asked.filter((draft) => DRAFTS.includes(draft));
if (drafts.length === 0) unsupported(`this client speaks drafts ${DRAFTS.join(", ")}, not ${asked.join(", ")}`);
const insecure = ["1", "true"].includes(process.env.TLS_DISABLE_VERIFY ?? "");
const names = wanted ? [wanted] : Object.keys(TESTS);

// What a library does in the background after a session's end is no verdict.
process.on("unhandledRejection", (error) => console.error("unhandled rejection:", error));

say("TAP version 14");
say(`# Client: @moq/net ${net.version} on @moq/web-transport ${transport.version}`);
say(`# Relay: ${url}`);
say(`1..${names.length}`);
let draft: string | number | undefined;
let all = true;
for (const [index, name] of names.entries()) {
	const test = new Test(new URL(url), insecure, drafts);
	const began = performance.now();
	let failure: unknown;
	try {
		await TESTS[name](test);
	} catch (error) {
		failure = error;
		all = false;
		test.told.message = reason(error);
		if (error instanceof Unexpected) Object.assign(test.told, { expected: error.expected, received: error.received });
	}
	test.end();
	test.told.duration_ms = Math.round(performance.now() - began);
	if (test.told.negotiated_draft && test.told.negotiated_draft !== draft) {
		draft = test.told.negotiated_draft;
		say(`# Draft: ${draft}`);
	}
	say(`${failure === undefined ? "ok" : "not ok"} ${index + 1} - ${name}`);
	say("  ---");
	for (const [key, value] of Object.entries(test.told)) say(`  ${key}: ${JSON.stringify(value)}`);
	say("  ...");
}
// The native transport says goodbye on threads of its own; it gets a moment to.
await sleep(50);
process.exit(all ? 0 : 1);
