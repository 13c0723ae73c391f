package workload

import (
	"cdcpipeline/internal/operator/schema"
	"fmt"
	"strings"
	"unicode/utf8"
)

// These texts break easily in transit. The texts have characters of three and four bytes, right-to-left text, joined
// emoji, composed and combined accents, and characters that JSON and SQL must quote.
var (
	names = []string{
		"김서연", "이도윤", "박지훈", "최수아", "정하준", "남궁민수", "José Núñez", "Zoë Müller", "François Côté", "Łukasz Żółć",
		"Søren Ærø", "山田 太郎", "李小龍", "Дмитрий Иванов", "محمد علي", "O'Brien", "Nguyễn Văn An",
	}
	phrases = []string{
		"빠른 배송 감사합니다", "재구매 의사 있어요 👍", "Très bon, déjà commandé", "größer als erwartet", "とても良いです", "質量很好",
		"отличный товар", "وصل بسرعة", "👩‍👩‍👧‍👦 family pack", "50% off – “today only”", `back\slash and "quotes"`, "e\u0301 combined", "a\ttab", "🇰🇷🛒🎁",
	}
)

// text generates a text that fits the column's name, cut to the column's length.
func (v *values) text(c schema.Column) string {
	switch n := v.random.IntN(50); {
	case n == 0 && c.Length > 0:
		return ""
	case n == 1:
		return v.long(c)
	}
	return v.fit(c, v.content(strings.ToLower(c.Name)))
}

func (v *values) content(name string) string {
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(name, word) {
				return true
			}
		}
		return false
	}
	switch {
	case has("email"):
		return v.faker.Email()
	case has("phone", "tel", "mobile"):
		return v.faker.Phone()
	case has("city"):
		return pick(v, v.faker.City(), "서울특별시", "København", "東京都")
	case has("country"):
		return pick(v, v.faker.Country(), "대한민국", "España")
	case has("street", "address"):
		return pick(v, v.faker.Street(), "세종대로 110", "Straße des 17. Juni 1")
	case has("company", "brand", "vendor"):
		return v.faker.Company()
	case has("product", "item"):
		return pick(v, v.faker.ProductName(), "무선 이어폰 🎧")
	case has("url", "link"):
		return v.faker.URL()
	case has("color", "colour"):
		return v.faker.Color()
	case has("name", "user", "customer", "author"):
		return pick(v, v.faker.Name(), pick(v, names...))
	case has("comment", "note", "description", "text", "memo", "body", "message", "title"):
		return pick(v, v.faker.Sentence(), pick(v, phrases...), v.faker.Word()+" "+pick(v, phrases...))
	}
	return pick(v, v.faker.Word(), v.faker.Word()+" "+v.faker.Word(), pick(v, phrases...), pick(v, names...))
}

// long fills a short column completely. In a long column it writes more than usual.
func (v *values) long(c schema.Column) string {
	var s strings.Builder
	for n := 0; n < int(min(c.Length, 1000)); n = utf8.RuneCountInString(s.String()) {
		s.WriteString(pick(v, phrases...) + "·" + pick(v, names...) + "·")
	}
	return v.fit(c, s.String())
}

// identifier returns a short text that is practically unique. Some identifiers begin with a character outside ASCII,
// because such keys become document ids and object keys.
func (v *values) identifier(c schema.Column) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, min(c.Length, 16))
	for i := range b {
		b[i] = letters[v.random.IntN(len(letters))]
	}
	if c.Length >= 20 && v.oneIn(10) {
		return v.fit(c, pick(v, "서울-", "Ñ-", "a/b#", "x y+")+string(b))
	}
	return string(b)
}

// fit removes characters that the character set lacks and cuts s to the column's length. It also removes spaces at both
// ends, because CHAR loses those at the end.
func (v *values) fit(c schema.Column, s string) string {
	s = strings.Map(func(r rune) rune {
		if !encodes(c.Charset, r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if s == "" {
		s = v.faker.Word()
	}
	var characters, bytes int64
	for i, r := range s {
		characters++
		bytes += int64(utf8.RuneLen(r))
		if characters > c.Length || c.Bytes > 0 && bytes > c.Bytes {
			s = s[:i]
			break
		}
	}
	return strings.TrimSpace(s)
}

// encodes reports whether a character set certainly has the character.
func encodes(charset string, r rune) bool {
	switch charset {
	case "utf8mb4", "utf16", "utf16le", "utf32":
		return true
	case "utf8", "utf8mb3", "ucs2":
		return r <= 0xFFFF
	case "latin1":
		return r < 0x80 || r >= 0xA0 && r <= 0xFF
	}
	return r < 0x80
}

// json writes an object in MySQL's printed form: shorter names first, a space after colon and comma
// (https://dev.mysql.com/doc/refman/8.0/en/json.html, "Normalization"). MySQL parses it and MariaDB keeps the text, so
// both return the same.
func (v *values) json() string {
	switch v.random.IntN(20) {
	case 0:
		return pick(v, "null", "true", "[]", "{}", `""`, "9007199254740993")
	case 1:
		return fmt.Sprintf(`[%d, "%s", null]`, v.random.IntN(100), v.faker.Word())
	}
	return fmt.Sprintf(`{"id": %d, "ok": %t, "name": "%s", "note": %s, "tags": ["%s", "%s"], "ratio": %d.5, "nested": {"a": [1, {"b": null}]}}`,
		pick(v, v.random.Int64(), v.random.Int64N(1000)), v.oneIn(2), pick(v, names...),
		pick(v, "null", `"빠른 배송 👍"`, `"say \"hi\" \\ bye"`, `""`), v.faker.Word(), pick(v, "red", "초록", "café"), v.random.IntN(1000))
}
