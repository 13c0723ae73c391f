package dms

// kind is the JSON form of a column's values. It follows DMS's types for MySQL,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes, as far as
// published sample records show their JSON. DECIMAL as a JSON number, BIT(1) as true or false and BYTES in
// hexadecimal are inferred. No list contains MariaDB's UUID, INET4 and INET6: they are the text of a query's result.
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
	typ      string // DMS's name in control records
	length   int    // characters, or bytes of BINARY and BIT
	nullable bool
	lob      bool
	unsigned bool
	omitted  bool     // removed by a rule
	bits     int      // width of an integer
	padded   bool     // BINARY: the binlog omits trailing zeros
	latin1   bool     // the binlog holds text in the column's character set
	members  []string // of ENUM and SET

	// These fields are only for PostgreSQL sources.
	unbounded bool // NUMERIC without a precision
	money     bool
	truth     bool // BOOLEAN as text
}

// format holds the endpoint's and the task's settings for values.
type format struct {
	largeIntegers bool // UseLargeIntegerValue
	nullAndEmpty  bool // IncludeNullAndEmpty
	supportLobs   bool
	lobLimit      int // bytes
	truncation    string
	fromBinlog    bool // not from a query's result
	onTruncation  func(c *column, size int)
	beforeImage   string // name of the field; empty for none
	beforeColumns string
}
