package telehash

import (
	"crypto/subtle"
	"errors"
)

var (
	errShort  = errors.New("too short")
	errOpen   = errors.New("it cannot be decrypted")
	errVerify = errors.New("it is not from whom it says")
	errKey    = errors.New("a bad public key")
)

const tokenSize = 16

// keyPair is an endpoint's key for ever, or an exchange's while it lasts.
type keyPair struct{ secret, public []byte }

// cipherSet is one of the protocol's ways to encrypt. Messages carry handshakes, sessions the rest.
type cipherSet interface {
	id() byte
	generate() (keyPair, error)
	// A message body begins with the sender's ephemeral key.
	seal(from, ephemeral keyPair, to, inner []byte) ([]byte, error)
	// open finds the sender's ephemeral key and the inner packet, but not who sent it: that is inside.
	open(to keyPair, body []byte) (ephemeral, inner []byte, err error)
	verify(to keyPair, from, body []byte) error
	session(ours keyPair, theirs []byte) (session, error)
}

// session encrypts what two exchanges say after their handshakes. The token is not its business.
type session interface {
	seal(inner []byte) ([]byte, error)
	open(body []byte) ([]byte, error)
}

// The cipher sets known here, the preferred one first.
var cipherSets = []cipherSet{cs3a{}, cs1a{}}

func join(pieces ...[]byte) []byte {
	var all []byte
	for _, piece := range pieces {
		all = append(all, piece...)
	}
	return all
}

func same(a, b []byte) error {
	if subtle.ConstantTimeCompare(a, b) != 1 {
		return errVerify
	}
	return nil
}
