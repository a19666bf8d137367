package telehash

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"
)

// The example of the specification's page on hashnames.
func TestHashnameOfTheSpecification(t *testing.T) {
	digests := map[byte][]byte{}
	for id, key := range map[byte]string{
		0x3a: "eg3fxjnjkz763cjfnhyabeftyf75m2s4gll3gvmuacegax5h6nia",
		0x1a: "an7lbl5e6vk4ql6nblznjicn5rmf3lmzlm",
	} {
		bytes, err := decode32(key)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(bytes)
		digests[id] = sum[:]
	}
	name, err := hashnameOf(digests)
	if err != nil || name != "27ywx5e5ylzxfzxrhptowvwntqrd3jhksyxrfkzi6jfn64d3lwxa" {
		t.Fatalf("%v, %v", name, err)
	}
}

func TestCloakKeyOfTheSpecification(t *testing.T) {
	if got := hex.EncodeToString(cloakKey[:]); got != "d7f0e555546241b2a944ecd6d0de66856ac50b0baba76a6f5a4782956ca9459a" {
		t.Fatal(got)
	}
}

func TestCloaksGoOnAndOff(t *testing.T) {
	plain := pack([]byte{0x3a}, []byte("body"))
	for i := 0; i < 100; i++ {
		wire, err := cloakSome(plain)
		if err != nil || wire[0] == 0 {
			t.Fatal(wire, err)
		}
		back, err := decloak(wire)
		if err != nil || !bytes.Equal(back, plain) {
			t.Fatal(back, err)
		}
	}
	for _, bad := range [][]byte{{1}, bytes.Repeat([]byte{7}, 8), bytes.Repeat([]byte{7}, 40)} {
		if wire, err := decloak(bad); err == nil && wire[0] != 0 {
			t.Fatal("accepted")
		}
	}
}

func TestBrokenPacketsAreRefused(t *testing.T) {
	for _, wire := range [][]byte{nil, {0}, {0, 1}, append([]byte{0, 7}, "{\"a\":1]"...)} {
		if _, err := unpack(wire); err == nil {
			t.Errorf("%q was taken", wire)
		}
	}
}

func TestCipherSets(t *testing.T) {
	for _, cs := range cipherSets {
		make := func() keyPair {
			pair, err := cs.generate()
			if err != nil {
				t.Fatal(err)
			}
			return pair
		}
		alice, bob, eve, a, b := make(), make(), make(), make(), make()
		body, err := cs.seal(alice, a, bob.public, []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		ephemeral, inner, err := cs.open(bob, body)
		if err != nil || string(inner) != "hello" || !bytes.Equal(ephemeral, a.public) {
			t.Fatalf("%02x: %q %v", cs.id(), inner, err)
		}
		if err := cs.verify(bob, alice.public, body); err != nil {
			t.Error(err)
		}
		if cs.verify(bob, eve.public, body) == nil {
			t.Errorf("%02x: eve passed for alice", cs.id())
		}
		for i := range body {
			spoilt := append([]byte(nil), body...)
			spoilt[i] ^= 1
			if cs.verify(bob, alice.public, spoilt) == nil {
				t.Errorf("%02x: byte %d does not matter", cs.id(), i)
			}
		}
		for n := 0; n < len(body); n++ {
			cs.open(bob, body[:n]) // must not panic
		}
		one, err := cs.session(a, b.public)
		if err != nil {
			t.Fatal(err)
		}
		two, err := cs.session(b, a.public)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := one.seal([]byte("there"))
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := two.open(sealed); err != nil || string(opened) != "there" {
			t.Errorf("%02x: %q %v", cs.id(), opened, err)
		}
		if _, err := one.open(sealed); err == nil {
			t.Errorf("%02x: both directions use one key", cs.id())
		}
	}
}

// The example of the specification's page on reliable channels.
func TestMissOfTheSpecification(t *testing.T) {
	c := &Channel{Reliable: true, delivered: 78231, queued: 78234, early: map[uint64]Packet{}}
	for seq := uint64(78235); seq <= 78246; seq++ {
		switch seq {
		case 78235, 78236, 78238, 78245:
		default:
			c.early[seq] = Packet{}
		}
	}
	got := c.missing()
	want := []uint64{4, 1, 2, 7, receiveWindow - 14}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatal(got, want)
		}
	}
}

func pair(t *testing.T, csid string) (*Endpoint, *Exchange) {
	quiet := func(string, map[string]any) {}
	worker, err := New([]string{"1a", "3a"}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := New([]string{csid}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Endpoint{worker, driver} {
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
	}
	worker.Accept()
	identity, _ := worker.Identity()
	identity.Paths = []Path{{Type: "udp4", IP: "127.0.0.1", Port: worker.port()}}
	x, err := driver.Link(identity)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-x.Up():
	case <-time.After(5 * time.Second):
		t.Fatal("no link")
	}
	return worker, x
}

func TestLinkIsFresh(t *testing.T) {
	for _, csid := range []string{"1a", "3a"} {
		_, x := pair(t, csid)
		select {
		case <-x.Sync():
		case <-time.After(5 * time.Second):
			t.Fatal("no answer")
		}
	}
}

func TestReliableChannelDeliversInOrder(t *testing.T) {
	worker, x := pair(t, "3a")
	const many = 1000
	got := make(chan uint64, many)
	worker.Handle("count", func(_ *Exchange, c *Channel) {
		for {
			p, err := c.Receive(5 * time.Second)
			if err != nil || p.Header.True("end") {
				close(got)
				return
			}
			n, _ := p.Header.Uint("n")
			got <- n
		}
	})
	c := x.Open("count", true)
	for n := 0; n < many; n++ {
		if err := c.Send(Header{"n": n}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.End(); err != nil {
		t.Fatal(err)
	}
	next := uint64(0)
	for n := range got {
		if n != next {
			t.Fatalf("%d came instead of %d", n, next)
		}
		next++
	}
	if next != many {
		t.Fatalf("only %d came", next)
	}
}
