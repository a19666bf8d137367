// Package telehash speaks Telehash v3 over UDP, written from the protocol's specification alone.
//
// One mutex guards an endpoint and all that belongs to it; nothing waits for an application while
// holding it.
package telehash

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Tell receives everything that happens, in the order in which it happens.
type Tell func(ty string, in map[string]any)

type in = map[string]any

// Handler takes a channel that a peer opened.
type Handler func(*Exchange, *Channel)

// Endpoint has keys, a socket, and links to others.
type Endpoint struct {
	mu        sync.Mutex
	tell      Tell
	conn      *net.UDPConn
	pairs     map[byte]keyPair
	hashname  Hashname
	exchanges map[Hashname]*Exchange
	tokens    map[[tokenSize]byte]*Exchange
	handlers  map[string]Handler
	accepts   bool
	closed    bool
	last      struct{ exchange, channel, packet uint64 }
}

const endpointID = 1

// New makes an endpoint with fresh keys of the given cipher sets, "1a" and "3a".
func New(csids []string, tell Tell) (*Endpoint, error) {
	e := &Endpoint{
		tell:      tell,
		pairs:     map[byte]keyPair{},
		exchanges: map[Hashname]*Exchange{},
		tokens:    map[[tokenSize]byte]*Exchange{},
		handlers:  map[string]Handler{},
	}
	digests := map[byte][]byte{}
	for _, text := range csids {
		cs := cipherSetCalled(text)
		if cs == nil {
			return nil, fmt.Errorf("there is no cipher set %q here", text)
		}
		pair, err := cs.generate()
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(pair.public)
		e.pairs[cs.id()], digests[cs.id()] = pair, digest[:]
	}
	var err error
	if e.hashname, err = hashnameOf(digests); err != nil {
		return nil, err
	}
	tell("endpoint.new", in{"endpoint_id": endpointID, "hashname": e.hashname})
	return e, nil
}

func cipherSetCalled(text string) cipherSet {
	for _, cs := range cipherSets {
		if fmt.Sprintf("%02x", cs.id()) == text {
			return cs
		}
	}
	return nil
}

// Handle says who takes channels of a type. It is called in a goroutine of its own.
func (e *Endpoint) Handle(channelType string, handler Handler) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handlers[channelType] = handler
}

// Accept makes the endpoint take links from anybody.
func (e *Endpoint) Accept() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.accepts = true
}

// Start opens the socket.
func (e *Endpoint) Start() error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4zero})
	if err != nil {
		return err
	}
	e.conn = conn
	e.tell("endpoint.started", in{"endpoint_id": endpointID})
	go e.read()
	return nil
}

// Identity is what others need to link to this endpoint.
func (e *Endpoint) Identity() (Identity, error) {
	identity := Identity{Hashname: e.hashname, Keys: map[string]string{}, Parts: map[string]string{}}
	for id, pair := range e.pairs {
		identity.Keys[fmt.Sprintf("%02x", id)] = encode32(pair.public)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return identity, err
	}
	for _, each := range interfaces {
		if each.Flags&net.FlagUp == 0 || each.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := each.Addrs()
		if err != nil {
			return identity, err
		}
		for _, address := range addresses {
			if n, ok := address.(*net.IPNet); ok && n.IP.To4() != nil {
				identity.Paths = append(identity.Paths, Path{Type: "udp4", IP: n.IP.String(), Port: e.port()})
			}
		}
	}
	if len(identity.Paths) == 0 {
		return identity, errors.New("no network interface that others could reach")
	}
	return identity, nil
}

func (e *Endpoint) port() int { return e.conn.LocalAddr().(*net.UDPAddr).Port }

// Link begins to link to another endpoint, with the best cipher set that both have.
func (e *Endpoint) Link(to Identity) (*Exchange, error) {
	keys, err := to.check()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, cs := range cipherSets {
		key, theirs := keys[cs.id()]
		if _, ours := e.pairs[cs.id()]; !theirs || !ours {
			continue
		}
		x, err := e.exchange(cs, to.Hashname, key)
		if err != nil {
			return nil, err
		}
		for _, path := range to.Paths {
			if ip := net.ParseIP(path.IP); path.Type == "udp4" && ip != nil {
				x.paths = append(x.paths, &net.UDPAddr{IP: ip, Port: path.Port})
			}
		}
		if len(x.paths) == 0 {
			return nil, errors.New("it names no udp4 path")
		}
		x.sync()
		return x, nil
	}
	return nil, errors.New("no cipher set in common")
}

// Close ends all links and the socket.
func (e *Endpoint) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, x := range e.exchanges {
		x.stop(nil)
	}
	if e.conn != nil {
		e.conn.Close()
	}
}

func (e *Endpoint) nextPacket() uint64 {
	e.last.packet++
	return e.last.packet
}

// ---- datagrams ----

func datagram(address *net.UDPAddr, key string, bytes []byte) in {
	path, _ := json.Marshal(Path{Type: "udp4", IP: address.IP.String(), Port: address.Port})
	return in{key: string(path), "msg": base64.StdEncoding.EncodeToString(bytes)}
}

func (e *Endpoint) send(packet uint64, wire []byte, to *net.UDPAddr) error {
	cloaked, err := cloakSome(wire)
	if err != nil {
		return err
	}
	e.tell("endpoint.snd.packet", in{
		"endpoint_id": endpointID, "packet_id": packet, "packet": datagram(to, "dst", cloaked),
	})
	_, err = e.conn.WriteToUDP(cloaked, to)
	return err
}

// arrival is a datagram on its way up.
type arrival struct {
	packet uint64
	from   *net.UDPAddr
	bytes  []byte
}

func (e *Endpoint) read() {
	buffer := make([]byte, 0x10000)
	for {
		n, from, err := e.conn.ReadFromUDP(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier datagram
		}
		e.receive(append([]byte(nil), buffer[:n]...), from)
	}
}

func (e *Endpoint) receive(bytes []byte, from *net.UDPAddr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	a := arrival{e.nextPacket(), from, bytes}
	about := func() in {
		return in{"endpoint_id": endpointID, "packet_id": a.packet, "packet": datagram(from, "src", bytes)}
	}
	e.tell("endpoint.rcv.packet", about())
	if err := e.dispatch(a); err != nil {
		dropped := about()
		dropped["reason"] = err.Error()
		e.tell("endpoint.drop.packet", dropped)
	}
}

func (e *Endpoint) dispatch(a arrival) error {
	wire, err := decloak(a.bytes)
	if err != nil {
		return err
	}
	outer, err := unpack(wire)
	if err != nil {
		return err
	}
	switch len(outer.Head) {
	case 0:
		if len(outer.Body) < tokenSize {
			return errShort
		}
		var token [tokenSize]byte
		copy(token[:], outer.Body)
		x := e.tokens[token]
		if x == nil {
			return errors.New("no exchange has this token")
		}
		x.receive(a, outer.Body[tokenSize:])
		return nil
	case 1:
		return e.handshake(a, outer.Head[0], outer.Body)
	}
	return errors.New("neither a handshake nor a channel packet")
}

// handshake opens a handshake as far as it must be to know whose it is.
func (e *Endpoint) handshake(a arrival, csid byte, body []byte) error {
	text := fmt.Sprintf("%02x", csid)
	cs, own := cipherSetCalled(text), e.pairs[csid]
	if cs == nil || own.public == nil {
		return fmt.Errorf("a handshake with the cipher set %s, which is not spoken here", text)
	}
	ephemeral, opened, err := cs.open(own, body)
	if err != nil {
		return fmt.Errorf("the handshake is refused: %w", err)
	}
	inner, err := unpack(opened)
	if err != nil {
		return fmt.Errorf("the handshake is refused: %w", err)
	}
	at, ok := inner.Header.Uint("at")
	if kind := inner.Header.Text("type"); !ok || (kind != "link" && kind != "") {
		return errors.New("a message that is no handshake for a link")
	}
	attached, err := unpack(inner.Body)
	if err != nil {
		return fmt.Errorf("the handshake's keys cannot be read: %w", err)
	}
	digest := sha256.Sum256(attached.Body)
	digests, parts := map[byte][]byte{csid: digest[:]}, map[string]string{}
	for name, value := range attached.Header {
		id, err := parseCSID(name)
		part, ok := value.(string)
		if err != nil || !ok || id == csid {
			continue
		}
		if digests[id], err = decode32(part); err != nil {
			return fmt.Errorf("the handshake's part %s is not base32", name)
		}
		parts[name] = part
	}
	peer, err := hashnameOf(digests)
	if err != nil {
		return err
	}
	told := in{"csid": text, "public_key": encode32(attached.Body), "at": at, "parts": parts}

	x := e.exchanges[peer]
	refusal := cs.verify(own, attached.Body, body)
	switch {
	case refusal != nil && x == nil:
		return refusal
	case x == nil && !e.accepts:
		return errors.New("a handshake of a stranger")
	case x == nil:
		if x, err = e.exchange(cs, peer, attached.Body); err != nil {
			return err
		}
	case refusal == nil && x.cs.id() != csid:
		refusal = fmt.Errorf("this link uses cipher set %02x", x.cs.id())
	}
	x.handshake(a, told, at, ephemeral, body, refusal)
	return nil
}
