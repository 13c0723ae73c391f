package currentstate

import "strings"

// fieldType is how a column is indexed. No field refuses a value: a value that does not fit stays in the document
// and is not indexed. So there is no boolean field, because it refuses other values, and a column's type may
// change.
type fieldType string

const (
	keyword      fieldType = "keyword"
	date         fieldType = "date"
	long         fieldType = "long"
	unsignedLong fieldType = "unsigned_long"
	double       fieldType = "double"
	// decimal is an exact keyword. Its subfield number is a double for ranges and sums.
	decimal fieldType = "decimal"
)

const (
	// ignoreAbove keeps an indexed string below Lucene's limit of 32,766 bytes per term:
	// https://docs.opensearch.org/latest/field-types/mapping-parameters/ignore-above/.
	ignoreAbove = 8191
	// fieldLimit is enough for two fields (a decimal has two) for each of the 4,096 columns that MySQL allows in a
	// table, or the 1,600 of PostgreSQL.
	fieldLimit = 10_000
	// dateFormats accepts DMS's dates (ISO 8601) and dates in strings.
	dateFormats = "strict_date_optional_time||yyyy-MM-dd HH:mm:ss||yyyy-MM-dd HH:mm:ss.SSSSSS||epoch_millis"
)

// control is the member of a document that does not come from the row.
const control = "_cdc"

type object map[string]any

// typeOf returns the field type for MySQL's type of a column (bigint(20) unsigned), PostgreSQL's (timestamp(3)
// with time zone), or DMS's, which control records have (UINT64).
func typeOf(declared string) fieldType {
	declared = strings.ToLower(declared)
	if strings.HasSuffix(declared, "[]") { // an array of PostgreSQL is a text
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
	case "uint64", "uint8": // DMS's number counts bits in some places and bytes in others
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

// mapping returns the mapping of a field.
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

// properties returns the mappings of columns.
func properties(columns map[string]fieldType) object {
	out := make(object, len(columns)+1)
	for name, t := range columns {
		out[field(name)] = t.mapping()
	}
	return out
}

// mappings returns the mappings of an index. An unknown column is a keyword, and a number is one with a subfield
// number. The type never depends on how the first value looks, because the field could then refuse a later value.
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

// visible is an alias's filter. It hides tombstones.
func visible() object {
	return object{"bool": object{"must_not": []object{{"term": object{control + ".deleted": true}}}}}
}
