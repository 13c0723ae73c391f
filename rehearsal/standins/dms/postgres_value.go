package dms

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// read converts PostgreSQL's text of a value to the input of [column.append].
func (c *column) read(text string) (any, error) {
	switch c.kind {
	case kindInteger:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		return n, nil
	case kindDecimal:
		return c.readDecimal(text)
	case kindFloat:
		return c.readFloat(text)
	case kindBoolean:
		return c.readTruth(text)
	case kindBytes:
		b, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		return b, nil
	case kindDate, kindDateTime:
		return c.readMoment(text)
	case kindText:
		if c.truth {
			return map[bool]string{true: "true", false: "false"}[text == "t" || text == "true"], nil
		}
		return text, nil
	case kindTime, kindYear, kindBits, kindEnum, kindSet, kindUUID, kindInet: // only in MySQL
	}
	return nil, c.wrong(text)
}

// readDecimal rounds a number without its own scale to six digits, as DMS documents. DMS has no number for NaN, or
// for more digits before the point than in NUMERIC(28,6).
func (c *column) readDecimal(text string) (any, error) {
	if c.money {
		text = strings.NewReplacer("$", "", ",", "").Replace(text)
	}
	if !c.unbounded {
		return text, nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(fraction) > defaultScale {
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			return nil, c.wrong(text)
		}
		text = exact.FloatString(defaultScale)
		whole, _, _ = strings.Cut(strings.TrimPrefix(text, "-"), ".")
	}
	if len(whole) > defaultDigits-defaultScale {
		return nil, fmt.Errorf("column %s: %s does not fit into NUMERIC(%d,%d), which DMS takes for a NUMERIC without a precision",
			c.name, text, defaultDigits, defaultScale)
	}
	return text, nil
}

func (c *column) readFloat(text string) (any, error) {
	value, err := strconv.ParseFloat(text, c.bits)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", c.name, err)
	}
	if c.bits == 32 {
		return float32(value), nil
	}
	return value, nil
}

func (c *column) readTruth(text string) (any, error) {
	switch text {
	case "t", "true":
		return int64(1), nil
	case "f", "false":
		return int64(0), nil
	}
	return nil, c.wrong(text)
}

// readMoment refuses times without an ISO 8601 form: infinity, years before Christ, and five-digit years.
func (c *column) readMoment(text string) (any, error) {
	if len(text) < len("2006-01-02") || text[4] != '-' || strings.HasSuffix(text, " BC") {
		return nil, fmt.Errorf("column %s: %s is not a date that DMS could write", c.name, text)
	}
	return strings.TrimSuffix(text, "+00"), nil // every session is in UTC
}
