package workload

import (
	"cdcpipeline/internal/operator/schema"
	"strconv"
)

// named generates values that fit the column's name, if the type allows it. It covers mainly the retail transactions of
// aws-samples/aws-dms-cdc-data-pipeline.
func (v *values) named(c schema.Column, known func(string) string) (string, bool) {
	switch {
	case c.Kind == schema.Text:
		s, ok := v.namedText(c.Name)
		if !ok || v.fit(c, s) != s {
			return "", false
		}
		return s, true
	case c.Kind == schema.Integer && c.Name == "amount":
		return strconv.Itoa(v.amount(known("event"))), true
	case c.Kind == schema.DateTime || c.Kind == schema.Timestamp:
		switch c.Name {
		case "trans_datetime", "created_at", "updated_at", "modified_at":
			return timestamp(v.clock, c.Precision), true
		}
	}
	return "", false
}

func (v *values) namedText(name string) (string, bool) {
	switch name {
	case "customer_id":
		return pick(v, "1", "2", "3", "4", "5", "6", "7", "8", "9") + v.digits(11), true
	case "event":
		return pick(v, "visit", "view", "view", "view", "list", "like", "wishlist", "cart", "cart", "purchase"), true
	case "sku":
		return v.letters(2) + strconv.Itoa(1+v.random.IntN(9)) + v.digits(3) + v.letters(4), true
	case "device":
		return pick(v, "pc", "pc", "mobile", "mobile", "mobile", "tablet", "모바일", "태블릿📱", "télé"), true
	}
	return "", false
}

// amount returns a number of pieces that fits a TINYINT. Only items in a cart or purchase have more than one.
func (v *values) amount(event string) int {
	if event == "cart" || event == "purchase" {
		return 1 + v.random.IntN(100)
	}
	return 1
}

func (v *values) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('A' + v.random.IntN(26))
	}
	return string(b)
}
