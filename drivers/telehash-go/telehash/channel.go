package telehash

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Channel carries packets over a link, in order and without loss when it is reliable.
type Channel struct {
	Reliable bool

	x       *Exchange
	id      uint64 // on the wire
	number  uint64 // in events
	kind    string
	opening bool // the first packet, which names the type, is still to be sent
	err     error
	ended   bool // we sent our end
	over    bool // the peer's end was taken

	queue []Packet      // for the application
	news  chan struct{} // there may be something in the queue, or an error

	// Of a reliable channel only.
	sent      uint64            // highest seq that was given out
	unacked   []*unacked        // by seq
	limit     uint64            // highest seq that the peer has room for
	again     *time.Timer       // repeats what is not acknowledged
	delivered uint64            // highest seq that the application took
	queued    uint64            // highest seq in the queue
	early     map[uint64]Packet // came before its time
	acking    *time.Timer       // an acknowledgement is due
}

type unacked struct {
	seq      uint64
	header   Header
	body     []byte
	last     time.Time // when it was last sent; zero if not yet
	missed   time.Time // when it was last sent because the peer missed it
	repeated int
}

const (
	receiveWindow = 100
	ackDelay      = 50 * time.Millisecond
	repeatAfter   = time.Second
	mostRepeats   = 10
	lingering     = 30 * time.Second // answers to repetitions after both ends
)

var (
	errEnded = errors.New("the channel has ended")
	// ErrTimeout says that nothing came.
	ErrTimeout = errors.New("nothing came in time")
)

// Send sends a packet; Header may name anything but what the protocol itself puts there.
func (c *Channel) Send(header Header, body []byte) error {
	c.x.e.mu.Lock()
	defer c.x.e.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.ended {
		return errEnded
	}
	full := Header{"c": c.id}
	for name, value := range header {
		full[name] = value
	}
	if c.opening {
		full["type"] = c.kind
		c.opening = false
	}
	c.ended = full.True("end")
	defer c.lingerIfDone()
	if !c.Reliable {
		return c.write(full, body)
	}
	c.sent++
	full["seq"] = c.sent
	c.unacked = append(c.unacked, &unacked{seq: c.sent, header: full, body: body})
	c.flush()
	return nil
}

// End sends the end: no packet of ours comes after it.
func (c *Channel) End() error { return c.Send(Header{"end": true}, nil) }

// Receive gives the next packet, at most `within` from now; zero waits for ever.
func (c *Channel) Receive(within time.Duration) (Packet, error) {
	var late <-chan time.Time
	if within != 0 {
		timer := time.NewTimer(within)
		defer timer.Stop()
		late = timer.C
	}
	for {
		if p, ok, err := c.take(); ok || err != nil {
			return p, err
		}
		select {
		case <-c.news:
		case <-late:
			return Packet{}, ErrTimeout
		}
	}
}

func (c *Channel) take() (Packet, bool, error) {
	c.x.e.mu.Lock()
	defer c.x.e.mu.Unlock()
	if len(c.queue) == 0 {
		if c.err == nil && c.over {
			return Packet{}, false, errEnded
		}
		return Packet{}, false, c.err
	}
	p := c.queue[0]
	c.queue = c.queue[1:]
	if p.Header.True("end") {
		c.over = true
	}
	if c.Reliable && c.err == nil {
		c.delivered++
		if c.over {
			c.acknowledge() // there may be nobody to do it later
		} else {
			c.acknowledgeSoon()
		}
	}
	c.lingerIfDone()
	return p, true, nil
}

func (c *Channel) notify() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *Channel) fail(err error) {
	if c.err == nil {
		c.err = err
		c.stopTimers()
		c.notify()
	}
}

func (c *Channel) stopTimers() {
	for _, timer := range []*time.Timer{c.again, c.acking} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// lingerIfDone forgets the channel some time after both sides have ended it.
func (c *Channel) lingerIfDone() {
	if c.ended && c.over {
		time.AfterFunc(lingering, func() {
			c.x.e.mu.Lock()
			defer c.x.e.mu.Unlock()
			c.stopTimers()
			delete(c.x.channels, c.id)
		})
	}
}

func (c *Channel) write(header Header, body []byte) error {
	packet := c.x.e.nextPacket()
	about := in{"channel_id": c.number, "packet_id": packet, "packet": shown(header, body)}
	c.x.e.tell("channel.write", about)
	err := c.x.send(packet, header, body)
	if err != nil {
		about["reason"] = err.Error()
		c.x.e.tell("channel.write.error", about)
	}
	return err
}

// arrived takes a packet of this channel from the exchange.
func (c *Channel) arrived(packet uint64, p Packet) {
	about := in{"channel_id": c.number, "packet_id": packet, "packet": shown(p.Header, p.Body)}
	reason := c.refusal(p.Header)
	if reason != "" {
		about["reason"] = reason
		c.x.e.tell("channel.drop.packet", about)
		if c.Reliable && c.err == nil {
			c.acknowledgeSoon() // the peer may not know that it was here already
		}
		return
	}
	c.x.e.tell("channel.rcv.packet", about)
	if text := p.Header.Text("err"); text != "" {
		c.fail(fmt.Errorf("the peer says: %s", text))
		return
	}
	if !c.Reliable {
		c.queue = append(c.queue, p)
		c.notify()
		return
	}
	if ack, ok := p.Header.Uint("ack"); ok {
		c.acknowledged(ack, p.Header["miss"])
	}
	if seq, ok := p.Header.Uint("seq"); ok {
		c.sequenced(seq, p)
	}
}

// refusal says why a packet is not taken, "" if it is.
func (c *Channel) refusal(header Header) string {
	if c.err != nil {
		return "the channel is gone"
	}
	if !c.Reliable {
		if c.over || (len(c.queue) > 0 && c.queue[len(c.queue)-1].Header.True("end")) {
			return "the channel has ended"
		}
		if len(c.queue) >= receiveWindow {
			return "nobody takes what came before"
		}
		return ""
	}
	seq, ok := header.Uint("seq")
	if !ok {
		return ""
	}
	if _, here := c.early[seq]; here || seq <= c.queued {
		return "a duplicate"
	}
	if seq > c.delivered+receiveWindow {
		return "too far ahead"
	}
	return ""
}

// ---- reliable channels ----

func (c *Channel) sequenced(seq uint64, p Packet) {
	if c.early == nil {
		c.early = map[uint64]Packet{}
	}
	c.early[seq] = p
	for {
		next, ok := c.early[c.queued+1]
		if !ok {
			break
		}
		delete(c.early, c.queued+1)
		c.queued++
		c.queue = append(c.queue, next)
	}
	if len(c.early) > 0 {
		c.acknowledge() // with what is missing
	}
	c.notify()
}

// missing lists what is not here, as differences from `delivered`; the last is where our room ends.
func (c *Channel) missing() []uint64 {
	if len(c.early) == 0 && c.queued-c.delivered <= receiveWindow/2 {
		return nil
	}
	last := c.queued
	for seq := range c.early {
		if seq > last {
			last = seq
		}
	}
	var deltas []uint64
	base := c.delivered
	for seq := c.queued + 1; seq < last; seq++ {
		if _, here := c.early[seq]; !here {
			deltas = append(deltas, seq-base)
			base = seq
		}
	}
	return append(deltas, c.delivered+receiveWindow-base)
}

func (c *Channel) stamp(header Header) Header {
	stamped := Header{}
	for name, value := range header {
		stamped[name] = value
	}
	if c.delivered > 0 {
		stamped["ack"] = c.delivered
		if miss := c.missing(); miss != nil {
			stamped["miss"] = miss
		}
	}
	if c.acking != nil {
		c.acking.Stop()
		c.acking = nil
	}
	return stamped
}

func (c *Channel) acknowledge() {
	if stamped := c.stamp(Header{"c": c.id}); stamped["ack"] != nil {
		_ = c.write(stamped, nil) // told as an event
	}
}

func (c *Channel) acknowledgeSoon() {
	if c.acking != nil {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(ackDelay, func() {
		c.x.e.mu.Lock()
		defer c.x.e.mu.Unlock()
		if c.acking == timer && c.err == nil {
			c.acknowledge()
		}
	})
	c.acking = timer
}

func (c *Channel) acknowledged(ack uint64, miss any) {
	keep := sort.Search(len(c.unacked), func(i int) bool { return c.unacked[i].seq > ack })
	c.unacked = c.unacked[keep:]
	wanted := map[uint64]bool{}
	at := ack
	list, _ := miss.([]any)
	for i, item := range list {
		delta, ok := (Header{"": item}).Uint("")
		if !ok {
			return
		}
		at += delta
		if i < len(list)-1 {
			wanted[at] = true
		}
	}
	if len(list) > 0 {
		c.limit = at
	} else if c.limit < ack+receiveWindow {
		c.limit = ack + receiveWindow
	}
	for _, u := range c.unacked {
		if wanted[u.seq] && !u.last.IsZero() && time.Since(u.missed) >= repeatAfter {
			u.missed = time.Now()
			c.transmit(u)
		}
	}
	c.flush()
}

func (c *Channel) transmit(u *unacked) {
	u.last = time.Now()
	_ = c.write(c.stamp(u.header), u.body) // told as an event; it is repeated anyway
}

// flush sends what there is room for, and sees to it that it is sent again if need be.
func (c *Channel) flush() {
	for _, u := range c.unacked {
		if u.last.IsZero() && u.seq <= c.limit {
			c.transmit(u)
		}
	}
	if len(c.unacked) > 0 && c.again == nil {
		c.again = time.AfterFunc(repeatAfter, c.repeat)
	}
}

func (c *Channel) repeat() {
	c.x.e.mu.Lock()
	defer c.x.e.mu.Unlock()
	c.again = nil
	if c.err != nil || len(c.unacked) == 0 {
		return
	}
	oldest := c.unacked[0]
	if !oldest.last.IsZero() && time.Since(oldest.last) >= repeatAfter {
		if oldest.repeated++; oldest.repeated > mostRepeats {
			c.fail(errors.New("the peer acknowledges nothing"))
			return
		}
		c.transmit(oldest)
	}
	c.again = time.AfterFunc(repeatAfter, c.repeat)
}
