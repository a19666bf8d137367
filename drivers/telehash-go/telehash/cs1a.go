package telehash

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
)

// cs1a is cipher set 1a, for small devices: secp160r1, AES-128-CTR, and HMACs folded to four bytes.
type cs1a struct{}

const (
	secret1a = 20
	key1a    = 21
	iv1a     = 4
	mac1a    = 4
)

func hexInt(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic("not hexadecimal: " + text)
	}
	return n
}

// SEC 2, version 1, section 2.4.2.
var secp160r1 = &elliptic.CurveParams{
	Name:    "secp160r1",
	BitSize: 160,
	P:       hexInt("ffffffffffffffffffffffffffffffff7fffffff"),
	N:       hexInt("0100000000000000000001f4c8f927aed3ca752257"),
	B:       hexInt("1c97befc54bd7a8b65acf89f81d4d4adc565fa45"),
	Gx:      hexInt("4a96b5688ef573284664698968c38bb913cbfc82"),
	Gy:      hexInt("23a628553168947d59dcc912042351377ac5fb32"),
}

func (cs1a) id() byte { return 0x1a }

func (cs1a) generate() (keyPair, error) {
	secret, x, y, err := elliptic.GenerateKey(secp160r1, rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{secret: secret, public: elliptic.MarshalCompressed(secp160r1, x, y)}, nil
}

func shared1a(secret, public []byte) ([]byte, error) {
	x, y := elliptic.UnmarshalCompressed(secp160r1, public)
	if x == nil {
		return nil, errKey
	}
	x, _ = secp160r1.ScalarMult(x, y, secret)
	return x.FillBytes(make([]byte, secret1a)), nil
}

func fold(sum []byte, times int) []byte {
	for ; times > 0; times-- {
		half := make([]byte, len(sum)/2)
		for i := range half {
			half[i] = sum[i] ^ sum[i+len(half)]
		}
		sum = half
	}
	return sum
}

func crypt1a(key, iv, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padded := make([]byte, aes.BlockSize)
	copy(padded, iv)
	out := make([]byte, len(data))
	cipher.NewCTR(block, padded).XORKeyStream(out, data)
	return out, nil
}

func authenticate1a(secret, iv, data []byte) []byte {
	mac := hmac.New(sha256.New, join(secret, iv))
	mac.Write(data)
	return fold(mac.Sum(nil), 3)
}

func (cs1a) seal(from, ephemeral keyPair, to, inner []byte) ([]byte, error) {
	shared, err := shared1a(ephemeral.secret, to)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, iv1a)
	if _, err := rand.Read(iv); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(shared)
	sealed, err := crypt1a(fold(sum[:], 1), iv, inner)
	if err != nil {
		return nil, err
	}
	own, err := shared1a(from.secret, to)
	if err != nil {
		return nil, err
	}
	message := join(ephemeral.public, iv, sealed)
	return append(message, authenticate1a(own, iv, message)...), nil
}

func (cs1a) open(to keyPair, body []byte) (ephemeral, inner []byte, err error) {
	if len(body) < key1a+iv1a+mac1a {
		return nil, nil, errShort
	}
	ephemeral = body[:key1a]
	shared, err := shared1a(to.secret, ephemeral)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(shared)
	inner, err = crypt1a(fold(sum[:], 1), body[key1a:key1a+iv1a], body[key1a+iv1a:len(body)-mac1a])
	return ephemeral, inner, err
}

func (cs1a) verify(to keyPair, from, body []byte) error {
	own, err := shared1a(to.secret, from)
	if err != nil {
		return err
	}
	message := body[:len(body)-mac1a]
	return same(authenticate1a(own, body[key1a:key1a+iv1a], message), body[len(message):])
}

type session1a struct {
	out, in []byte
	iv      uint32
}

func (cs1a) session(ours keyPair, theirs []byte) (session, error) {
	shared, err := shared1a(ours.secret, theirs)
	if err != nil {
		return nil, err
	}
	var first [iv1a]byte
	if _, err := rand.Read(first[:]); err != nil {
		return nil, err
	}
	out := sha256.Sum256(join(shared, ours.public, theirs))
	in := sha256.Sum256(join(shared, theirs, ours.public))
	return &session1a{fold(out[:], 1), fold(in[:], 1), binary.BigEndian.Uint32(first[:])}, nil
}

func (s *session1a) seal(inner []byte) ([]byte, error) {
	iv := make([]byte, iv1a)
	binary.BigEndian.PutUint32(iv, s.iv)
	s.iv++
	sealed, err := crypt1a(s.out, iv, inner)
	if err != nil {
		return nil, err
	}
	return join(iv, sealed, authenticate1a(s.out, iv, sealed)), nil
}

func (s *session1a) open(body []byte) ([]byte, error) {
	if len(body) < iv1a+mac1a {
		return nil, errShort
	}
	iv, sealed, mac := body[:iv1a], body[iv1a:len(body)-mac1a], body[len(body)-mac1a:]
	if same(authenticate1a(s.in, iv, sealed), mac) != nil {
		return nil, errOpen
	}
	return crypt1a(s.in, iv, sealed)
}
