package telehash

import (
	"net"
	"testing"
	"time"
)

// relay passes datagrams between one client and a server, and loses every third.
func relay(t *testing.T, server *net.UDPAddr) *net.UDPAddr {
	listen := func() *net.UDPConn {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	front, back := listen(), listen()
	client := make(chan *net.UDPAddr, 1)
	pass := func(from *net.UDPConn, forward func([]byte, *net.UDPAddr)) {
		buffer := make([]byte, 0x10000)
		for count := 0; ; count++ {
			n, address, err := from.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			if count%3 != 2 {
				forward(buffer[:n], address)
			}
		}
	}
	go pass(front, func(bytes []byte, from *net.UDPAddr) {
		select {
		case client <- from:
		default:
		}
		back.WriteToUDP(bytes, server)
	})
	go func() {
		to := <-client
		pass(back, func(bytes []byte, _ *net.UDPAddr) { front.WriteToUDP(bytes, to) })
	}()
	return front.LocalAddr().(*net.UDPAddr)
}

func TestReliableChannelSurvivesLoss(t *testing.T) {
	quiet := func(string, map[string]any) {}
	worker, _ := New([]string{"3a"}, quiet)
	driver, _ := New([]string{"3a"}, quiet)
	for _, e := range []*Endpoint{worker, driver} {
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
	}
	worker.Accept()
	const many = 20
	got := make(chan uint64, many)
	worker.Handle("count", func(_ *Exchange, c *Channel) {
		for {
			p, err := c.Receive(30 * time.Second)
			if err != nil || p.Header.True("end") {
				close(got)
				return
			}
			n, _ := p.Header.Uint("n")
			got <- n
		}
	})
	identity, _ := worker.Identity()
	through := relay(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: worker.port()})
	identity.Paths = []Path{{Type: "udp4", IP: "127.0.0.1", Port: through.Port}}
	x, err := driver.Link(identity)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-x.Up():
	case <-time.After(20 * time.Second):
		t.Fatal("no link")
	}
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
