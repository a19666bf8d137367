package telehash

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// Header is the JSON half of a packet. Numbers stay json.Number, so that none loses precision.
type Header map[string]any

// Packet is the unit of everything: a head (JSON from 7 bytes on, else binary) and a body.
type Packet struct {
	Head   []byte // as it was on the wire
	Header Header // nil when the head is not JSON
	Body   []byte
}

const shortestJSON = 7

var errLength = errors.New("shorter than its length field says")

func pack(head, body []byte) []byte {
	wire := make([]byte, 2, 2+len(head)+len(body))
	binary.BigEndian.PutUint16(wire, uint16(len(head)))
	return append(append(wire, head...), body...)
}

func packJSON(header Header, body []byte) ([]byte, error) {
	if len(header) == 0 {
		return pack(nil, body), nil
	}
	var head bytes.Buffer
	encoder := json.NewEncoder(&head)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(header); err != nil {
		return nil, err
	}
	trimmed := bytes.TrimRight(head.Bytes(), "\n")
	if len(trimmed) > 0xffff {
		return nil, errors.New("the header is too long")
	}
	return pack(trimmed, body), nil
}

func unpack(wire []byte) (Packet, error) {
	if len(wire) < 2 {
		return Packet{}, errLength
	}
	length := int(binary.BigEndian.Uint16(wire))
	if 2+length > len(wire) {
		return Packet{}, errLength
	}
	p := Packet{Head: wire[2 : 2+length], Body: wire[2+length:]}
	if length >= shortestJSON {
		decoder := json.NewDecoder(bytes.NewReader(p.Head))
		decoder.UseNumber()
		if err := decoder.Decode(&p.Header); err != nil {
			return p, errors.New("its head is no JSON object")
		}
	}
	return p, nil
}

// Uint gives an unsigned integer of the header, if there is one under this name.
func (h Header) Uint(name string) (uint64, bool) {
	switch v := h[name].(type) {
	case json.Number:
		n, err := v.Int64()
		return uint64(n), err == nil && n >= 0
	case uint32:
		return uint64(v), true
	case int:
		return uint64(v), v >= 0
	}
	return 0, false
}

// Text gives a string of the header, "" if there is none.
func (h Header) Text(name string) string {
	s, _ := h[name].(string)
	return s
}

// True tells whether the header says true under this name.
func (h Header) True(name string) bool {
	b, _ := h[name].(bool)
	return b
}
