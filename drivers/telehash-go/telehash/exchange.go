package telehash

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"time"
)

// Exchange is a link to one other endpoint and the encryption of it.
type Exchange struct {
	e         *Endpoint
	id        uint64
	cs        cipherSet
	peer      Hashname
	key       []byte // the peer's own
	odd       bool   // the higher of the two keys: uses odd numbers
	ephemeral keyPair
	paths     []*net.UDPAddr

	at          uint64 // the highest that was sent
	theirs      []byte // the peer's ephemeral key, once known
	theirToken  []byte
	session     session
	confirmed   bool // the peer has answered `at`
	up, stopped bool
	upped       chan struct{} // closed when the link is first up
	downed      chan struct{} // closed when it is up no more
	why         error
	waiting     []chan struct{} // for an answer to `at`

	channels  map[uint64]*Channel
	lastOurs  uint64
	lastTheir uint64
	keepalive *time.Timer
}

const (
	keepaliveAfter = 30 * time.Second // without having sent anything
	deadAfter      = 30 * time.Second // without an answer to a handshake
)

// When a handshake without an answer is sent again, counted from the first.
var handshakeAgain = []time.Duration{time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}

func tokenOf(ephemeral []byte) []byte {
	sum := sha256.Sum256(ephemeral[:tokenSize])
	return sum[:tokenSize]
}

func (e *Endpoint) exchange(cs cipherSet, peer Hashname, key []byte) (*Exchange, error) {
	if x := e.exchanges[peer]; x != nil {
		return x, nil
	}
	ephemeral, err := cs.generate()
	if err != nil {
		return nil, err
	}
	e.last.exchange++
	x := &Exchange{
		e: e, id: e.last.exchange, cs: cs, peer: peer, key: key, ephemeral: ephemeral,
		odd:    bytes.Compare(e.pairs[cs.id()].public, key) > 0,
		upped:  make(chan struct{}),
		downed: make(chan struct{}), channels: map[uint64]*Channel{},
	}
	e.exchanges[peer] = x
	var token [tokenSize]byte
	copy(token[:], tokenOf(ephemeral.public))
	e.tokens[token] = x
	e.tell("exchange.new", in{"endpoint_id": endpointID, "exchange_id": x.id})
	return x, nil
}

// ID is the number by which events call the exchange.
func (x *Exchange) ID() uint64 { return x.id }

// Up is closed when the link is up.
func (x *Exchange) Up() <-chan struct{} { return x.upped }

// Down is closed when the link is down after it was up.
func (x *Exchange) Down() <-chan struct{} { return x.downed }

// Why says what brought the link down.
func (x *Exchange) Why() error {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	return x.why
}

// Sync sends a new handshake; what it returns is closed when the peer has answered it.
func (x *Exchange) Sync() <-chan struct{} {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	return x.sync()
}

// nextAt is higher than any before, and odd or even as the endpoints' order says.
func (x *Exchange) nextAt() uint64 {
	at := uint64(time.Now().Unix())
	if at <= x.at {
		at = x.at + 1
	}
	if (at%2 == 1) != x.odd {
		at++
	}
	return at
}

func (x *Exchange) sync() <-chan struct{} {
	answered := make(chan struct{})
	x.at, x.confirmed = x.nextAt(), false
	x.waiting = append(x.waiting, answered)
	x.sendHandshake()
	at := x.at
	unanswered := func(then func()) func() {
		return func() {
			x.e.mu.Lock()
			defer x.e.mu.Unlock()
			if x.at == at && !x.confirmed && !x.stopped {
				then()
			}
		}
	}
	for _, after := range handshakeAgain {
		time.AfterFunc(after, unanswered(x.sendHandshake))
	}
	time.AfterFunc(deadAfter, unanswered(func() {
		x.stop(fmt.Errorf("no answer to a handshake for %v", deadAfter))
	}))
	return answered
}

func (x *Exchange) sendHandshake() {
	wire, err := x.handshakePacket()
	for _, path := range x.paths {
		if err == nil {
			err = x.e.send(x.e.nextPacket(), wire, path)
		}
	}
	if err != nil {
		x.e.tell("exchange.error", in{"exchange_id": x.id, "error": "a handshake was not sent: " + err.Error()})
	}
	x.postponeKeepalive()
}

func (x *Exchange) handshakePacket() ([]byte, error) {
	keys := Header{}
	for id, pair := range x.e.pairs {
		digest := sha256.Sum256(pair.public)
		keys[fmt.Sprintf("%02x", id)] = encode32(digest[:])
	}
	keys[fmt.Sprintf("%02x", x.cs.id())] = true // it is the body
	own := x.e.pairs[x.cs.id()]
	attached, err := packJSON(keys, own.public)
	if err != nil {
		return nil, err
	}
	inner, err := packJSON(Header{"type": "link", "at": x.at}, attached)
	if err != nil {
		return nil, err
	}
	body, err := x.cs.seal(own, x.ephemeral, x.key, inner)
	return pack([]byte{x.cs.id()}, body), err
}

// handshake takes one that was decrypted and may be refused.
func (x *Exchange) handshake(a arrival, told in, at uint64, ephemeral, body []byte, refusal error) {
	about := in{"exchange_id": x.id, "packet_id": a.packet, "handshake": told}
	var s session
	if refusal == nil {
		s, refusal = x.sessionWith(ephemeral)
	}
	if refusal == nil && x.stopped {
		refusal = errors.New("the link is closed")
	}
	if refusal == nil && at < x.at {
		refusal = errors.New("its at is lower than one that was sent")
	}
	if refusal != nil {
		about["reason"] = refusal.Error()
		x.e.tell("exchange.drop.handshake", about)
		return
	}
	x.e.tell("exchange.rcv.handshake", about)
	x.paths = []*net.UDPAddr{a.from}
	if s != nil {
		x.renew(s, ephemeral)
	}
	if at > x.at {
		x.at = at
		x.sendHandshake()
	}
	x.confirm()
}

// sessionWith gives a new session when the peer has a new ephemeral key, else nil.
func (x *Exchange) sessionWith(ephemeral []byte) (session, error) {
	if bytes.Equal(ephemeral, x.theirs) {
		return nil, nil
	}
	return x.cs.session(x.ephemeral, ephemeral)
}

// renew begins the encryption of channels anew; those from before are lost.
func (x *Exchange) renew(s session, ephemeral []byte) {
	for _, c := range x.channels {
		c.fail(errors.New("the peer began a new exchange"))
	}
	x.session, x.theirs, x.theirToken = s, ephemeral, tokenOf(ephemeral)
	x.lastTheir = 0
}

// confirm notes that both sides have the same `at`.
func (x *Exchange) confirm() {
	x.confirmed = true
	for _, answered := range x.waiting {
		close(answered)
	}
	x.waiting = nil
	if !x.up {
		x.up = true
		x.e.tell("exchange.started", in{"exchange_id": x.id, "peer": x.peer})
		close(x.upped)
	}
}

func (x *Exchange) stop(why error) {
	if x.stopped {
		return
	}
	x.stopped, x.why = true, why
	for _, c := range x.channels {
		c.fail(errors.New("the link is down"))
	}
	if x.keepalive != nil {
		x.keepalive.Stop()
	}
	if x.up {
		x.up = false
		x.e.tell("exchange.stopped", in{"exchange_id": x.id})
		close(x.downed)
	}
}

func (x *Exchange) postponeKeepalive() {
	if x.keepalive != nil {
		x.keepalive.Reset(keepaliveAfter)
		return
	}
	x.keepalive = time.AfterFunc(keepaliveAfter, func() {
		x.e.mu.Lock()
		defer x.e.mu.Unlock()
		if x.up && !x.stopped {
			x.sync()
		}
	})
}

// ---- channel packets ----

func shown(header Header, body []byte) in {
	if header == nil {
		header = Header{}
	}
	return in{"header": header, "body": base64.StdEncoding.EncodeToString(body)}
}

func (x *Exchange) send(packet uint64, header Header, body []byte) error {
	if !x.up {
		return errors.New("the link is down")
	}
	inner, err := packJSON(header, body)
	if err != nil {
		return err
	}
	sealed, err := x.session.seal(inner)
	if err != nil {
		return err
	}
	x.postponeKeepalive()
	return x.e.send(packet, pack(nil, join(x.theirToken, sealed)), x.paths[0])
}

func (x *Exchange) receive(a arrival, sealed []byte) {
	header, body := Header(nil), sealed
	drop := func(reason string) {
		x.e.tell("exchange.drop.packet", in{
			"exchange_id": x.id, "packet_id": a.packet, "packet": shown(header, body), "reason": reason,
		})
	}
	if x.session == nil || x.stopped {
		drop("the link is down")
		return
	}
	opened, err := x.session.open(sealed)
	if err != nil {
		drop(err.Error())
		return
	}
	p, err := unpack(opened)
	if err != nil {
		drop(err.Error())
		return
	}
	header, body = p.Header, p.Body
	x.paths = []*net.UDPAddr{a.from}
	x.e.tell("exchange.rcv.packet", in{"exchange_id": x.id, "packet_id": a.packet, "packet": shown(header, body)})

	id, ok := header.Uint("c")
	if !ok || id == 0 || id > 0xffffffff {
		drop("it has no valid channel id")
		return
	}
	c := x.channels[id]
	if c == nil {
		var refusal string
		if c, refusal = x.opened(id, header); c == nil {
			drop(refusal)
			return
		}
	}
	c.arrived(a.packet, p)
}

// opened makes the channel that the peer opens with this header.
func (x *Exchange) opened(id uint64, header Header) (*Channel, string) {
	kind := header.Text("type")
	handler := x.e.handlers[kind]
	switch {
	case kind == "":
		return nil, "no such channel"
	case (id%2 == 1) == x.odd || id <= x.lastTheir:
		return nil, "the peer may not use this channel id"
	case handler == nil:
		return nil, "nobody here handles this type of channel"
	}
	x.lastTheir = id
	_, reliable := header.Uint("seq")
	c := x.channel(id, kind, reliable)
	go handler(x, c)
	return c, ""
}

// Open opens a channel. Nothing is sent before the first packet.
func (x *Exchange) Open(kind string, reliable bool) *Channel {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	x.lastOurs += 2
	if x.lastOurs == 2 && x.odd {
		x.lastOurs = 1
	}
	c := x.channel(x.lastOurs, kind, reliable)
	c.opening = true
	return c
}

func (x *Exchange) channel(id uint64, kind string, reliable bool) *Channel {
	x.e.last.channel++
	c := &Channel{x: x, id: id, number: x.e.last.channel, kind: kind, Reliable: reliable, news: make(chan struct{}, 1)}
	c.limit = receiveWindow
	x.channels[id] = c
	x.e.tell("channel.new", in{
		"exchange_id": x.id, "channel_id": c.number,
		"channel": in{"type": kind, "reliable": reliable, "cid": id},
	})
	return c
}
