package currentstate

import "strings"

// fieldType is how a column is indexed. None of them can refuse a value: what does not fit is kept in the document and
// not indexed. That rules out boolean, which refuses whatever is no boolean: the column's type may change.
type fieldType string

const (
	keyword      fieldType = "keyword"
	date         fieldType = "date"
	long         fieldType = "long"
	unsignedLong fieldType = "unsigned_long"
	double       fieldType = "double"
	// decimal is exact as a keyword, and its field number is a double, for ranges and sums.
	decimal fieldType = "decimal"
)

const (
	// ignoreAbove keeps what Lucene indexes of a string within its 32,766 bytes per term,
	// https://docs.opensearch.org/latest/field-types/mapping-parameters/ignore-above/.
	ignoreAbove = 8191
	// fieldLimit holds a decimal, which is two fields, in each of the 4,096 columns that a MySQL table may have, and of the 1,600 of PostgreSQL.
	fieldLimit = 10_000
	// dateFormats of DMS (ISO 8601) and of dates in strings.
	dateFormats = "strict_date_optional_time||yyyy-MM-dd HH:mm:ss||yyyy-MM-dd HH:mm:ss.SSSSSS||epoch_millis"
)

// control is the member of a document that is not the row's.
const control = "_cdc"

type object map[string]any

// typeOf a column by MySQL's name of its type (bigint(20) unsigned), PostgreSQL's (timestamp(3) with time zone) or DMS's, which
// control records carry (UINT64).
func typeOf(declared string) fieldType {
	declared = strings.ToLower(declared)
	if strings.HasSuffix(declared, "[]") { // an array of PostgreSQL is text
		return keyword
	}
	base := declared
	if end := strings.IndexAny(declared, "( "); end >= 0 {
		base = declared[:end]
	}
	switch base {
	case "bigint":
		if strings.Contains(declared, "unsigned") {
			return unsignedLong
		}
		return long
	case "uint64", "uint8": // DMS's name has bits in some places and bytes in others
		return unsignedLong
	case "tinyint", "smallint", "mediumint", "int", "integer", "year",
		"int1", "int2", "int4", "int8", "int16", "int32", "int64", "uint1", "uint2", "uint4", "uint16", "uint32":
		return long
	case "float", "double", "real", "real4", "real8":
		return double
	case "decimal", "numeric":
		return decimal
	case "date", "datetime", "timestamp":
		return date
	}
	return keyword
}

// mapping of a field.
func (t fieldType) mapping() object {
	switch t {
	case date:
		return object{"type": "date", "format": dateFormats, "ignore_malformed": true}
	case long, unsignedLong, double:
		return object{"type": t, "ignore_malformed": true}
	case decimal:
		return object{"type": "keyword", "ignore_above": ignoreAbove, "fields": object{"number": double.mapping()}}
	default:
		return object{"type": "keyword", "ignore_above": ignoreAbove}
	}
}

// properties of columns.
func properties(columns map[string]fieldType) object {
	out := make(object, len(columns)+1)
	for name, t := range columns {
		out[field(name)] = t.mapping()
	}
	return out
}

// mappings of an index. A column that nobody has described is a keyword, a number one with a field number, whatever its
// first value looks like: guessing from that is how a later one comes to be refused.
func mappings(columns map[string]fieldType) object {
	all := properties(columns)
	all[control] = object{"dynamic": false, "properties": object{
		"deleted":   object{"type": "boolean"},
		"operation": object{"type": "keyword"},
		"position":  object{"type": "keyword"},
		"committed": date.mapping(),
		"indexed":   date.mapping(),
	}}
	rule := func(kind string, t fieldType) object {
		return object{kind: object{"match_mapping_type": kind, "mapping": t.mapping()}}
	}
	return object{
		"date_detection": false, "numeric_detection": false,
		"dynamic_templates": []object{rule("long", decimal), rule("double", decimal), {"rest": object{"match_mapping_type": "*", "mapping": keyword.mapping()}}},
		"properties":        all,
	}
}

// visible is the filter of an alias: tombstones are not rows.
func visible() object {
	return object{"bool": object{"must_not": []object{{"term": object{control + ".deleted": true}}}}}
}
