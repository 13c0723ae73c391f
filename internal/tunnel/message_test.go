package tunnel

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := message{
			Type:        rapid.SampledFrom([]string{typeInput, typeOutput, typeAcknowledge, typePause, typeStart}).Draw(t, "type"),
			Sequence:    rapid.Int64Min(0).Draw(t, "sequence"),
			Flags:       rapid.Uint64().Draw(t, "flags"),
			ID:          uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			PayloadType: rapid.Uint32().Draw(t, "payload type"),
			Payload:     rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
		}
		got, err := decode(m.encode(time.Now()))
		require.NoError(t, err)
		require.Equal(t, m, got)
	})
}

func TestDamagedDataIsRefused(t *testing.T) {
	frame := message{Type: typeOutput, PayloadType: payloadOutput, Payload: []byte("content")}.encode(time.Now())
	frame[len(frame)-1]++
	_, err := decode(frame)
	require.ErrorIs(t, err, errFrame)
	require.ErrorContains(t, err, "digest")
}

func FuzzDecode(f *testing.F) {
	f.Add(message{Type: typeOutput, Payload: []byte("content")}.encode(time.Now()))
	f.Add([]byte{0, 0, 0, shortHeaderLength})
	f.Add([]byte(strings.Repeat("\x00\x00\x00\x74", 30)))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if _, err := decode(frame); err != nil && !errors.Is(err, errFrame) {
			t.Fatal(err)
		}
	})
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		version, than string
		want          bool
	}{
		{"3.0.196.0", "3.0.196.0", false},
		{"3.0.195.9", "3.0.196.0", true},
		{"3.0.1000.0", "3.0.196.0", false},
		{"3.1", "3.1.0.0", false},
		{"2.3.1509.0", "3.0.196.0", true},
		{"", "3.0.196.0", true},
	} {
		require.Equal(t, c.want, older(c.version, c.than), "%s older than %s", c.version, c.than)
	}
}
