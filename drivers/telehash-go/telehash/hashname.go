package telehash

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func encode32(bytes []byte) string { return base32Lower.EncodeToString(bytes) }

func decode32(text string) ([]byte, error) {
	return base32Lower.DecodeString(strings.TrimRight(strings.ToLower(text), "="))
}

// Hashname is the address of an endpoint: what remains of all its keys.
type Hashname string

func parseCSID(text string) (byte, error) {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != 1 || id[0] == 0 {
		return 0, fmt.Errorf("%q is no cipher set id", text)
	}
	return id[0], nil
}

// hashnameOf rolls the digests of the keys up, by ascending cipher set id.
func hashnameOf(digests map[byte][]byte) (Hashname, error) {
	if len(digests) == 0 {
		return "", errors.New("no keys")
	}
	ids := make([]int, 0, len(digests))
	for id, digest := range digests {
		if len(digest) != sha256.Size {
			return "", fmt.Errorf("the digest of the key %02x has %d bytes", id, len(digest))
		}
		ids = append(ids, int(id))
	}
	sort.Ints(ids)
	var rolled []byte
	for _, id := range ids {
		sum := sha256.Sum256(append(rolled, byte(id)))
		sum = sha256.Sum256(append(sum[:], digests[byte(id)]...))
		rolled = append([]byte(nil), sum[:]...)
	}
	return Hashname(encode32(rolled)), nil
}

// Identity is what has to be known of an endpoint to send it a handshake.
type Identity struct {
	Hashname Hashname          `json:"hashname"`
	Keys     map[string]string `json:"keys"`
	Parts    map[string]string `json:"parts"`
	Paths    []Path            `json:"paths"`
}

// Path is a way to reach an endpoint.
type Path struct {
	Type string `json:"type"`
	IP   string `json:"ip,omitempty"`
	Port int    `json:"port,omitempty"`
}

// check verifies that the hashname follows from keys and parts, and gives the keys decoded.
func (i Identity) check() (map[byte][]byte, error) {
	keys, digests := map[byte][]byte{}, map[byte][]byte{}
	for text, part := range i.Parts {
		id, err := parseCSID(text)
		if err != nil {
			return nil, err
		}
		if digests[id], err = decode32(part); err != nil {
			return nil, fmt.Errorf("the part %s is not base32", text)
		}
	}
	for text, key := range i.Keys {
		id, err := parseCSID(text)
		if err != nil {
			return nil, err
		}
		if keys[id], err = decode32(key); err != nil {
			return nil, fmt.Errorf("the key %s is not base32", text)
		}
		digest := sha256.Sum256(keys[id])
		digests[id] = digest[:]
	}
	follows, err := hashnameOf(digests)
	if err == nil && follows != i.Hashname {
		err = fmt.Errorf("its keys make the hashname %s, and it says %s", follows, i.Hashname)
	}
	return keys, err
}
