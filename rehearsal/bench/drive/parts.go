package drive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lengthBytes is the size of the length field before each part in the file.
const lengthBytes = 8

// WriteParts writes a file of parts.
func WriteParts(path string, parts [][]byte) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing parts: %w", err)
	}
	out := bufio.NewWriter(file)
	for _, part := range parts {
		_, err1 := out.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		_, err2 := out.Write(part)
		err = errors.Join(err, err1, err2)
	}
	if err = errors.Join(err, out.Flush(), file.Close()); err != nil {
		return fmt.Errorf("writing parts: %w", err)
	}
	return nil
}

// ReadParts reads a file with at least one part. Nobody may change the parts. They stay in the file's memory
// pages. On the heap they would make garbage collections rarer than in Lambda, which has only one batch at a time.
func ReadParts(path string) ([][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading parts: %w", err)
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading parts: %w", err)
	}
	if about.Size() < lengthBytes {
		return nil, fmt.Errorf("reading parts: %s has none", path)
	}
	rest, err := syscall.Mmap(int(file.Fd()), 0, int(about.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("reading parts: %w", err)
	}
	var parts [][]byte
	for len(rest) >= lengthBytes {
		length := binary.BigEndian.Uint64(rest)
		if rest = rest[lengthBytes:]; uint64(len(rest)) < length {
			return nil, fmt.Errorf("reading parts: %s ends within one", path)
		}
		parts, rest = append(parts, rest[:length:length]), rest[length:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("reading parts: %s ends within one", path)
	}
	return parts, nil
}
