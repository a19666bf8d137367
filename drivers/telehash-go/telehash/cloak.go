package telehash

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"golang.org/x/crypto/chacha20"
)

// Cloaking makes every byte on the wire look random. It hides nothing from who knows the protocol:
// the key is the same for everybody.
var cloakKey = sha256.Sum256([]byte("telehash"))

const (
	cloakNonce  = 8
	mostCloaks  = 3  // put around what is sent
	mostDecloak = 16 // taken off what is received: a bound, not a rule
)

func chacha(nonce, data []byte) ([]byte, error) {
	// The original ChaCha20 has a nonce of 8 bytes behind a counter of 8; the one here a nonce of 12
	// behind a counter of 4. Up to 256 GiB they are the same when the first 4 bytes are zero.
	var long [chacha20.NonceSize]byte
	copy(long[chacha20.NonceSize-cloakNonce:], nonce)
	cipher, err := chacha20.NewUnauthenticatedCipher(cloakKey[:], long[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(data))
	cipher.XORKeyStream(out, data)
	return out, nil
}

func cloak(wire []byte) ([]byte, error) {
	nonce := make([]byte, cloakNonce)
	// A first byte of zero would say "not cloaked".
	for nonce[0] == 0 {
		if _, err := rand.Read(nonce); err != nil {
			return nil, err
		}
	}
	out, err := chacha(nonce, wire)
	if err != nil {
		return nil, err
	}
	return append(nonce, out...), nil
}

// cloakSome cloaks once or more, so that the length tells little.
func cloakSome(wire []byte) ([]byte, error) {
	var dice [1]byte
	if _, err := rand.Read(dice[:]); err != nil {
		return nil, err
	}
	var err error
	for n := int(dice[0])%mostCloaks + 1; n > 0 && err == nil; n-- {
		wire, err = cloak(wire)
	}
	return wire, err
}

func decloak(wire []byte) ([]byte, error) {
	for n := 0; len(wire) > 0 && wire[0] != 0; n++ {
		if n == mostDecloak || len(wire) <= cloakNonce {
			return nil, errors.New("not a telehash packet")
		}
		out, err := chacha(wire[:cloakNonce], wire[cloakNonce:])
		if err != nil {
			return nil, err
		}
		wire = out
	}
	return wire, nil
}
