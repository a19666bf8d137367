//! The six tests of the MoQ interop runner, played with moq-rs' own library, moq-transport; the result is TAP 14 on standard output.
//!
//! Environment: RELAY_URL (https:// is WebTransport, moqt:// is QUIC alone), TLS_DISABLE_VERIFY=1, TESTCASE (one test only).
//! The exit status is 0 when all passed, 1 when one did not, 127 for a test that is none of the six.
//!
//! moq-rs has a test client too (moq-test-client). It is not used, because some of its tests cannot fail: its publish-namespace-subscribe
//! passes on an error and on silence, and its names are not the suite's.

use std::collections::BTreeMap;
use std::env;
use std::future::Future;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{anyhow, Context};
use moq_native_ietf::{quic, tls};
use moq_transport::coding::TrackNamespace;
use moq_transport::serve::{ServeError, Tracks, TracksReader, TracksWriter};
use moq_transport::session::{PublishNamespace, Publisher, Session, SessionError, Subscribe, Subscriber, Transport};
use serde_json::{json, Value};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

const NAMESPACE: &str = "moq-test/interop";
const TRACK: &str = "test-track";

// The suite's tests allow 2 to 3.5 s for all they do; a connection counts apart here, because its time is the processor's share.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
// From the publisher's announcement on; before that the subscription may wait.
const LATE_ANSWER_WITHIN: Duration = Duration::from_millis(3500);
const PUBLISHER_LATE: Duration = Duration::from_millis(500);
// How long a relay that dislikes a withdrawal has to say so.
const WITHDRAWAL_SETTLES: Duration = Duration::from_millis(200);

const TESTS: [&str; 6] = [
    "setup-only",
    "announce-only",
    "publish-namespace-done",
    "subscribe-error",
    "announce-subscribe",
    "subscribe-before-announce",
];

/// A test's own verdict: what was expected, and what came instead.
#[derive(Debug)]
struct Unexpected {
    expected: String,
    received: String,
}

impl std::fmt::Display for Unexpected {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "expected {}, received {}", self.expected, self.received)
    }
}

impl std::error::Error for Unexpected {}

fn unexpected(expected: &str, received: impl std::fmt::Display) -> anyhow::Error {
    Unexpected { expected: expected.to_string(), received: received.to_string() }.into()
}

/// Waits for the answer to a request; silence is an error of its own.
async fn answer<T>(expected: &str, within: Duration, request: impl Future<Output = T>) -> anyhow::Result<T> {
    timeout(within, request).await.map_err(|_| unexpected(expected, format!("no answer within {} s", within.as_secs_f32())))
}

/// A session whose messages are read until it is dropped.
struct Peer {
    connection: moq_transport::session::transport::Session,
    publisher: Publisher,
    subscriber: Subscriber,
    reading: JoinHandle<Result<(), SessionError>>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.close(0, "");
        self.reading.abort();
    }
}

impl Peer {
    /// PUBLISH_NAMESPACE, and its REQUEST_OK. The namespace is withdrawn when what is returned is dropped.
    async fn announce(&mut self) -> anyhow::Result<PublishNamespace> {
        let expected = "REQUEST_OK for PUBLISH_NAMESPACE";
        let namespace = TrackNamespace::from_utf8_path(NAMESPACE);
        let announcement = answer(expected, ANSWER_WITHIN, self.publisher.publish_namespace_start(namespace))
            .await?
            .context("PUBLISH_NAMESPACE cannot be sent")?;
        answer(expected, ANSWER_WITHIN, announcement.ok()).await?.map_err(|error| unexpected(expected, error))?;
        Ok(announcement)
    }

    /// SUBSCRIBE; its answer is not awaited.
    async fn subscribe(&mut self, track: &mut Track) -> anyhow::Result<Subscribe> {
        let writer = track.writer.create(TRACK).context("the track exists already")?;
        answer("a stream for SUBSCRIBE", ANSWER_WITHIN, self.subscriber.subscribe_start(writer))
            .await?
            .context("SUBSCRIBE cannot be sent")
    }
}

/// Where a track's objects would go; it must live as long as its subscription.
struct Track {
    writer: TracksWriter,
    _reader: TracksReader,
}

impl Track {
    fn of(namespace: &str) -> Track {
        let (writer, _, reader) = Tracks::new(TrackNamespace::from_utf8_path(namespace)).produce();
        Track { writer, _reader: reader }
    }
}

/// What came for a SUBSCRIBE: that it was accepted, or the relay's refusal in words. A session's end is no answer.
async fn reply(subscription: &Subscribe, expected: &str, within: Duration) -> anyhow::Result<Result<(), ServeError>> {
    match answer(expected, within, subscription.ok()).await? {
        Ok(()) => Ok(Ok(())),
        Err(error) if subscription.peer_rejected() => Ok(Err(error)),
        Err(error) => Err(unexpected(expected, format!("the end of the session: {error}"))),
    }
}

/// One test: where its relay is, and what it has to tell beside its verdict.
struct Test {
    relay: Url,
    tls: tls::Args,
    diagnostics: BTreeMap<String, Value>,
}

impl Test {
    /// Connects and exchanges SETUP. `role` stands before "connection_id".
    async fn connect(&mut self, role: &str) -> anyhow::Result<Peer> {
        answer("SETUP", CONNECT_WITHIN, self.connect_within(role)).await?
    }

    async fn connect_within(&mut self, role: &str) -> anyhow::Result<Peer> {
        let endpoint = quic::Endpoint::new(quic::Config::new("[::]:0".parse()?, None, self.tls.load()?)?)?;
        let (connection, id, transport) = endpoint.client.connect(&self.relay, None).await.context("no connection")?;
        let spoken = match transport {
            Transport::WebTransport => connection.protocol().map(str::to_string),
            // Draft 18 is the only one that the library offers as ALPN, and without it there is no connection.
            Transport::RawQuic => Some("moqt-18".to_string()),
        };
        let draft = match spoken.as_deref().and_then(|protocol| protocol.strip_prefix("moqt-")) {
            Some(number) => format!("draft-{number}"),
            None => return Err(unexpected("moqt-18 as the WebTransport protocol", spoken.unwrap_or("none".to_string()))),
        };
        let (session, publisher, subscriber) =
            Session::connect(connection.clone(), None, transport).await.context("no SETUP")?;
        let reading = tokio::spawn(session.run());
        let transport = if transport == Transport::WebTransport { "webtransport" } else { "quic" };
        self.diagnostics.insert("negotiated_draft".to_string(), json!(draft));
        self.diagnostics.insert("transport".to_string(), json!(transport));
        self.diagnostics.insert(format!("{role}connection_id"), json!(id));
        Ok(Peer { connection, publisher, subscriber, reading })
    }

    async fn setup_only(&mut self) -> anyhow::Result<()> {
        self.connect("").await.map(drop)
    }

    async fn announce_only(&mut self) -> anyhow::Result<()> {
        self.connect("").await?.announce().await.map(drop)
    }

    async fn publish_namespace_done(&mut self) -> anyhow::Result<()> {
        let mut peer = self.connect("").await?;
        drop(peer.announce().await?);
        // A relay that dislikes the withdrawal closes the session; there is no other answer to wait for.
        match timeout(WITHDRAWAL_SETTLES, &mut peer.reading).await {
            Err(_) => Ok(()),
            Ok(end) => Err(unexpected("the session stays open after the withdrawal", format!("its end: {end:?}"))),
        }
    }

    async fn subscribe_error(&mut self) -> anyhow::Result<()> {
        let mut peer = self.connect("").await?;
        let mut track = Track::of("nonexistent/namespace");
        let subscription = peer.subscribe(&mut track).await?;
        match reply(&subscription, "REQUEST_ERROR", ANSWER_WITHIN).await? {
            Ok(()) => Err(unexpected("REQUEST_ERROR", "SUBSCRIBE_OK")),
            Err(refusal) => {
                self.diagnostics.insert("answer".to_string(), json!(format!("REQUEST_ERROR: {refusal}")));
                Ok(())
            }
        }
    }

    async fn announce_subscribe(&mut self) -> anyhow::Result<()> {
        let mut publisher = self.connect("publisher_").await?;
        let announcement = publisher.announce().await?;
        let serving = serve(announcement);
        let mut subscriber = self.connect("subscriber_").await?;
        let mut track = Track::of(NAMESPACE);
        let subscription = subscriber.subscribe(&mut track).await?;
        let reply = reply(&subscription, "SUBSCRIBE_OK", ANSWER_WITHIN).await;
        serving.abort();
        reply?.map_err(|refusal| unexpected("SUBSCRIBE_OK", format!("REQUEST_ERROR: {refusal}")))
    }

    async fn subscribe_before_announce(&mut self) -> anyhow::Result<()> {
        let mut subscriber = self.connect("subscriber_").await?;
        let mut track = Track::of(NAMESPACE);
        let subscription = subscriber.subscribe(&mut track).await?;
        sleep(PUBLISHER_LATE).await;
        let mut publisher = self.connect("publisher_").await?;
        let announcement = publisher.announce().await?;
        let serving = serve(announcement);
        let reply = reply(&subscription, "SUBSCRIBE_OK or REQUEST_ERROR", LATE_ANSWER_WITHIN).await;
        serving.abort();
        let said = match reply? {
            Ok(()) => "SUBSCRIBE_OK".to_string(),
            Err(refusal) => format!("REQUEST_ERROR: {refusal}"),
        };
        self.diagnostics.insert("answer".to_string(), json!(said));
        Ok(())
    }

    async fn play(&mut self, name: &str) -> anyhow::Result<()> {
        match name {
            "setup-only" => self.setup_only().await,
            "announce-only" => self.announce_only().await,
            "publish-namespace-done" => self.publish_namespace_done().await,
            "subscribe-error" => self.subscribe_error().await,
            "announce-subscribe" => self.announce_subscribe().await,
            "subscribe-before-announce" => self.subscribe_before_announce().await,
            _ => Err(anyhow!("there is no test '{name}'")),
        }
    }
}

/// The publisher's part: one track, empty, that everybody may subscribe to.
fn serve(announcement: PublishNamespace) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut writer, _, reader) = Tracks::new(announcement.info.namespace.clone()).produce();
        let _track = writer.create(TRACK);
        let mut served = tokio::task::JoinSet::new();
        while let Ok(Some(subscribed)) = announcement.subscribed().await {
            served.spawn(Publisher::serve_subscribe(subscribed, reader.clone()));
        }
    })
}

/// A reader that closed the pipe early is no fault of the test; there is nobody left to tell.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,quinn=warn".into()))
        .init();

    let wanted = env::var("TESTCASE").ok().filter(|name| !name.is_empty());
    let names: Vec<&str> = match &wanted {
        None => TESTS.to_vec(),
        Some(name) => TESTS.iter().copied().filter(|test| test == name).collect(),
    };
    if names.is_empty() {
        say("TAP version 14");
        say("1..0 # SKIP this client has no such test");
        eprintln!("client: there is no test '{}'; there are: {}", wanted.unwrap_or_default(), TESTS.join(", "));
        return ExitCode::from(127);
    }
    let url = env::var("RELAY_URL").unwrap_or("https://localhost:4443".to_string());
    let relay = match Url::parse(&url) {
        Ok(relay) => relay,
        Err(error) => {
            eprintln!("client: RELAY_URL is '{url}', which is no URL: {error}");
            return ExitCode::from(1);
        }
    };
    let insecure = matches!(env::var("TLS_DISABLE_VERIFY").as_deref(), Ok("1" | "true"));
    let tls = tls::Args { disable_verify: insecure, ..Default::default() };

    say("TAP version 14");
    say("# Client: moq-transport 0.17.0 (moq-rs)");
    say(&format!("# Relay: {url}"));
    say(&format!("1..{}", names.len()));
    let mut told = None;
    let mut all = true;
    for (number, name) in names.iter().enumerate() {
        let mut test = Test { relay: relay.clone(), tls: tls.clone(), diagnostics: BTreeMap::new() };
        let began = Instant::now();
        let verdict = test.play(name).await;
        let mut diagnostics = test.diagnostics;
        let draft = diagnostics.get("negotiated_draft").cloned();
        if draft.is_some() && draft != told {
            say(&format!("# Draft: {}", draft.as_ref().and_then(Value::as_str).unwrap_or_default()));
            told = draft;
        }
        diagnostics.insert("duration_ms".to_string(), json!(began.elapsed().as_millis() as u64));
        if let Err(error) = &verdict {
            diagnostics.insert("message".to_string(), json!(format!("{error:#}")));
            if let Some(unexpected) = error.downcast_ref::<Unexpected>() {
                diagnostics.insert("expected".to_string(), json!(unexpected.expected));
                diagnostics.insert("received".to_string(), json!(unexpected.received));
            }
        }
        say(&format!("{} {} - {name}", if verdict.is_ok() { "ok" } else { "not ok" }, number + 1));
        say("  ---");
        for (key, value) in &diagnostics {
            say(&format!("  {key}: {value}"));
        }
        say("  ...");
        all &= verdict.is_ok();
    }
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
