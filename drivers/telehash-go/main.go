// th-test <test> <role>: plays one role of one test of the Telehash suite with the library beside it.
// What each role does is described, for people, in the suite's own files.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"telehash-go/telehash"
)

const (
	identityFile = "/shared/id_worker.json"
	channelType  = "test-channel"
)

// The suite's own limits; see the tests' descriptions.
const (
	linkDeadline   = 20 * time.Second
	answerDeadline = 5 * time.Second
)

type details = map[string]any

// ---- talking to the engine ----

var (
	telling   sync.Mutex
	lastEvent uint64
	ending    bool // the end was said: nobody tells of what it breaks
)

func tell(ty string, in details) {
	telling.Lock()
	defer telling.Unlock()
	lastEvent++
	event := details{"id": lastEvent, "ty": ty}
	if in != nil {
		event["in"] = in
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(event); err != nil {
		fmt.Fprintf(os.Stderr, "th-test: %s cannot be told: %v\n", ty, err)
		return
	}
	os.Stdout.Write(line.Bytes())
}

func complain(text string) { fmt.Fprintln(os.Stderr, "th-test:", text) }

// One sentence for people, one event for the timeline, and an end.
func failAs(ty string, about details, format string, arguments ...any) {
	telling.Lock()
	silent := ending
	telling.Unlock()
	if silent {
		select {} // the process is about to exit with 0
	}
	text := fmt.Sprintf(format, arguments...)
	complain(text)
	about["error"] = text
	tell(ty, about)
	os.Exit(1)
}

func fail(format string, arguments ...any) {
	failAs("endpoint.error", details{"endpoint_id": 1}, format, arguments...)
}

func failOn(x *telehash.Exchange, format string, arguments ...any) {
	failAs("exchange.error", details{"exchange_id": x.ID()}, format, arguments...)
}

var endpoint *telehash.Endpoint

// The end of every role that did right.
func finish() {
	telling.Lock()
	ending = true
	telling.Unlock()
	if endpoint != nil {
		endpoint.Close()
	}
	os.Exit(0)
}

// The driver ends by itself; everybody else when the driver is done, however that is told.
func awaitEnd() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	done := make(chan struct{}, 1)
	go func() {
		lines := bufio.NewReader(os.Stdin)
		for {
			line, err := lines.ReadBytes('\n')
			var message struct {
				Ty string  `json:"ty"`
				Ro *string `json:"ro"`
			}
			if json.Unmarshal(line, &message) == nil &&
				message.Ty == "done" && (message.Ro == nil || *message.Ro == "driver") {
				done <- struct{}{}
				return
			}
			if err != nil {
				return
			}
		}
	}()
	// Without an engine nobody ends a forgotten worker.
	limit := 10 * time.Minute
	if ms, err := strconv.Atoi(os.Getenv("INTEROPER_TIMEOUT_MS")); err == nil {
		limit = time.Duration(ms) * time.Millisecond
	}
	go func() {
		select {
		case <-signals:
		case <-done:
		case <-time.After(limit + time.Minute):
			fail("nobody ended this test")
		}
		finish()
	}()
}

// ---- what the tests share ----

func start() {
	csids := os.Getenv("TH_CSETS")
	if csids == "" {
		csids = "1a,3a"
	}
	var err error
	if endpoint, err = telehash.New(strings.Split(csids, ","), tell); err != nil {
		fail("no endpoint: %v", err)
	}
	if err = endpoint.Start(); err != nil {
		fail("no socket: %v", err)
	}
}

// Whole or not at all: the driver must never read a half.
func writeIdentity() {
	identity, err := endpoint.Identity()
	if err != nil {
		fail("no identity: %v", err)
	}
	text, err := json.Marshal(identity)
	if err != nil {
		fail("no identity: %v", err)
	}
	draft := fmt.Sprintf("%s.%d", identityFile, os.Getpid())
	if err = os.WriteFile(draft, append(text, '\n'), 0o644); err == nil {
		err = os.Rename(draft, identityFile)
	}
	if err != nil {
		fail("the identity cannot be written: %v", err)
	}
}

func beWorker() {
	endpoint.Accept()
	writeIdentity()
	tell("ready", nil)
	select {}
}

func linkToWorker() *telehash.Exchange {
	start()
	text, err := os.ReadFile(identityFile)
	var worker telehash.Identity
	if err == nil {
		err = json.Unmarshal(text, &worker)
	}
	if err != nil {
		fail("cannot read the worker's identity: %v", err)
	}
	tell("ready", nil)
	x, err := endpoint.Link(worker)
	if err != nil {
		fail("cannot link to the worker: %v", err)
	}
	select {
	case <-x.Up():
	case <-time.After(linkDeadline):
		failOn(x, "no link to the worker within %v", linkDeadline)
	}
	go func() {
		<-x.Down()
		failOn(x, "the link broke before it was closed: %v", x.Why())
	}()
	return x
}

func done() {
	telling.Lock()
	ending = true
	telling.Unlock()
	tell("done", nil)
	finish()
}

func duration(parameter, otherwise string) time.Duration {
	text := os.Getenv("INTEROPER_PARAM_" + parameter)
	if text == "" {
		text = otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		fail("%q is no duration: expected numbers with units, as in 2m30s", text)
	}
	return d
}

// ---- the tests ----

func sanityWorker() {
	tell("ready", nil)
	select {}
}

func sanityDriver() {
	tell("ready", nil)
	time.Sleep(duration("PAUSE", "1s"))
	done()
}

func linkWorker() {
	start()
	beWorker()
}

func linkDriver() {
	hold := duration("HOLD", "5s")
	x := linkToWorker()
	time.Sleep(hold)
	// A link that nobody uses looks alive for ever: a fresh handshake must be answered.
	select {
	case <-x.Sync():
	case <-time.After(answerDeadline):
		failOn(x, "the worker did not answer a handshake within %v at the end of the hold", answerDeadline)
	}
	done()
}

func channelWorker(reliable bool) func() {
	return func() {
		start()
		endpoint.Handle(channelType, func(x *telehash.Exchange, c *telehash.Channel) {
			if c.Reliable != reliable {
				failOn(x, "the channel is reliable: %v; expected: %v", c.Reliable, reliable)
			}
			for received := 1; ; received++ {
				p, err := c.Receive(0)
				if err != nil {
					failOn(x, "the channel ended with an error: %v", err)
				}
				if p.Header.True("end") {
					break
				}
				tell("assert", details{"assert_id": received, "value": p.Header.Text("token")})
				if received == 1 {
					send(x, c, nil)
				}
			}
			send(x, c, telehash.Header{"end": true})
		})
		beWorker()
	}
}

func send(x *telehash.Exchange, c *telehash.Channel, header telehash.Header) {
	if err := c.Send(header, nil); err != nil {
		failOn(x, "a packet cannot be sent: %v", err)
	}
}

func channelDriver(reliable bool) func() {
	return func() {
		x := linkToWorker()
		c := x.Open(channelType, reliable)
		sendToken := func(number int) {
			var token [5]byte
			if _, err := rand.Read(token[:]); err != nil {
				fail("no random numbers: %v", err)
			}
			text := hex.EncodeToString(token[:])
			tell("assert", details{"assert_id": number, "value": text})
			send(x, c, telehash.Header{"token": text})
		}
		sendToken(1)
		answer, err := c.Receive(answerDeadline)
		if err != nil {
			failOn(x, "the worker did not answer the first packet: %v", err)
		}
		if answer.Header.True("end") {
			failOn(x, "the worker ended the channel instead of answering")
		}
		sendToken(2)
		sendToken(3)
		send(x, c, telehash.Header{"end": true})
		for deadline := time.Now().Add(answerDeadline); ; {
			p, err := c.Receive(time.Until(deadline))
			if err != nil {
				failOn(x, "the worker did not end the channel: %v", err)
			}
			if p.Header.True("end") {
				break
			}
		}
		done()
	}
}

var tests = []struct {
	name           string
	worker, driver func()
}{
	{"sanity", sanityWorker, sanityDriver},
	{"net-link", linkWorker, linkDriver},
	{"channel-unreliable", channelWorker(false), channelDriver(false)},
	{"channel-reliable", channelWorker(true), channelDriver(true)},
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		for _, test := range tests {
			fmt.Printf("%s\tworker\tdriver\n", test.name)
		}
		return
	}
	if len(os.Args) != 3 {
		complain("usage: th-test <test> <role>, or th-test list")
		os.Exit(127)
	}
	for _, test := range tests {
		switch {
		case test.name != os.Args[1]:
		case os.Args[2] == "worker":
			awaitEnd()
			test.worker()
		case os.Args[2] == "driver":
			test.driver()
		}
	}
	complain(fmt.Sprintf("no test %q with a role %q here", os.Args[1], os.Args[2]))
	os.Exit(127)
}
