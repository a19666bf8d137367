package telehash

import (
	"crypto/rand"
	"crypto/sha256"

	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
	//lint:ignore SA1019 the cipher set asks for a bare one-time authenticator
	"golang.org/x/crypto/poly1305"
)

// cs3a is cipher set 3a: NaCl's Curve25519, XSalsa20 and Poly1305.
type cs3a struct{}

const (
	key3a   = 32
	nonce3a = 24
	auth3a  = poly1305.TagSize
)

func (cs3a) id() byte { return 0x3a }

func (cs3a) generate() (keyPair, error) {
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{secret: secret[:], public: public[:]}, nil
}

func shared3a(secret, public []byte) (*[32]byte, error) {
	if len(public) != key3a {
		return nil, errKey
	}
	var shared, s, p [32]byte
	copy(s[:], secret)
	copy(p[:], public)
	box.Precompute(&shared, &p, &s)
	return &shared, nil
}

// authenticate3a binds a message to both endpoints' own keys.
func authenticate3a(secret, public, message []byte) ([]byte, error) {
	shared, err := shared3a(secret, public)
	if err != nil {
		return nil, err
	}
	nonce := message[key3a : key3a+nonce3a]
	key := sha256.Sum256(append(append([]byte(nil), nonce...), shared[:]...))
	var tag [auth3a]byte
	poly1305.Sum(&tag, message, &key)
	return tag[:], nil
}

func seal3a(key *[32]byte, before, inner []byte) ([]byte, error) {
	var nonce [nonce3a]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, err
	}
	out := append(append([]byte(nil), before...), nonce[:]...)
	return secretbox.Seal(out, inner, &nonce, key), nil
}

func open3a(key *[32]byte, sealed []byte) ([]byte, error) {
	if len(sealed) < nonce3a+secretbox.Overhead {
		return nil, errShort
	}
	var nonce [nonce3a]byte
	copy(nonce[:], sealed)
	inner, ok := secretbox.Open(nil, sealed[nonce3a:], &nonce, key)
	if !ok {
		return nil, errOpen
	}
	return inner, nil
}

func (cs3a) seal(from, ephemeral keyPair, to, inner []byte) ([]byte, error) {
	shared, err := shared3a(ephemeral.secret, to)
	if err != nil {
		return nil, err
	}
	message, err := seal3a(shared, ephemeral.public, inner)
	if err != nil {
		return nil, err
	}
	tag, err := authenticate3a(from.secret, to, message)
	return append(message, tag...), err
}

func (cs3a) open(to keyPair, body []byte) (ephemeral, inner []byte, err error) {
	if len(body) < key3a+nonce3a+secretbox.Overhead+auth3a {
		return nil, nil, errShort
	}
	ephemeral = body[:key3a]
	shared, err := shared3a(to.secret, ephemeral)
	if err != nil {
		return nil, nil, err
	}
	inner, err = open3a(shared, body[key3a:len(body)-auth3a])
	return ephemeral, inner, err
}

func (cs3a) verify(to keyPair, from, body []byte) error {
	message := body[:len(body)-auth3a]
	tag, err := authenticate3a(to.secret, from, message)
	if err != nil {
		return err
	}
	return same(tag, body[len(message):])
}

type session3a struct{ out, in [32]byte }

func (cs3a) session(ours keyPair, theirs []byte) (session, error) {
	shared, err := shared3a(ours.secret, theirs)
	if err != nil {
		return nil, err
	}
	return &session3a{
		out: sha256.Sum256(join(shared[:], ours.public, theirs)),
		in:  sha256.Sum256(join(shared[:], theirs, ours.public)),
	}, nil
}

func (s *session3a) seal(inner []byte) ([]byte, error) { return seal3a(&s.out, nil, inner) }
func (s *session3a) open(body []byte) ([]byte, error)  { return open3a(&s.in, body) }
