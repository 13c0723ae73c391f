package dms

// kind is how a column's values are written in JSON. It follows DMS's types for MySQL,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes, as far as samples of
// published records show their JSON; DECIMAL as a JSON number, BIT(1) as true or false and BYTES in hexadecimal are inferred.
// MariaDB's UUID, INET4 and INET6 are in no list: they are the text that a query gives.
type kind int

const (
	kindInteger kind = iota
	kindDecimal
	kindFloat
	kindDate
	kindDateTime
	kindTime
	kindYear
	kindBoolean
	kindBits
	kindText
	kindBytes
	kindEnum
	kindSet
	kindUUID
	kindInet
)

// column is one column of a followed table.
type column struct {
	name     string
	kind     kind
	typ      string // DMS's name, as control records carry it
	length   int    // characters, or bytes of BINARY and BIT
	nullable bool
	lob      bool
	unsigned bool
	omitted  bool     // a rule removes it
	bits     int      // width of an integer
	padded   bool     // BINARY: the binlog leaves trailing zeros out
	latin1   bool     // the binlog holds text in the column's character set
	members  []string // of ENUM and SET

	// Of a PostgreSQL source:
	unbounded bool // NUMERIC without a precision
	money     bool
	truth     bool // BOOLEAN as text
}

// format is what an endpoint and its task say about values.
type format struct {
	largeIntegers bool // UseLargeIntegerValue
	nullAndEmpty  bool // IncludeNullAndEmpty
	supportLobs   bool
	lobLimit      int // bytes
	truncation    string
	fromBinlog    bool // as opposed to a query's result
	onTruncation  func(c *column, size int)
	beforeImage   string // name of the field; empty is none
	beforeColumns string
}
