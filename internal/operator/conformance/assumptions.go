package conformance

// The tests below prove the marks of assumptions. Each test has one subtest, named by its id, for every assumption with
// the mark.
var (
	parks  = []string{"internal/operator/conformance#TestWhatIsLoudIsParked"}
	equals = []string{
		"internal/operator/conformance#TestWhatIsHarmlessChangesNoRow",
		"rehearsal/standins/athena#TestWhatIsHarmlessChangesNoRowOfTheViews",
	}
	ofViews = equals[1:]
)

// Assumptions lists every assumption, by area. An id never changes.
func Assumptions() []Assumption {
	return []Assumption{
		{
			ID: "table-followed", Area: Tables, Mark: Loud, Shown: parks, judge: followed,
			Text:    "If a table is made while the task runs and a rule includes it, the task follows it from its first row and sends a create-table record.",
			RestsOn: []string{"internal/currentstate/define.go#define", "internal/currentstate/apply.go#grace"},
			IfWrong: "The function does not learn the table's key, waits a minute, and parks its records (unkeyed) until a deployment has described the table.",
		},
		{
			ID: "definition-key", Area: Tables, Mark: Loud, Shown: parks, judge: definition(keyOfDefinition),
			Text:    "A create-table record names the columns of the primary key, in the order of the key.",
			RestsOn: []string{"internal/currentstate/define.go#definition"},
			IfWrong: "Records of tables made since the last deployment are parked (unkeyed).",
		},
		{
			ID: "definition-types", Area: Tables, Mark: Harmless, Shown: equals, judge: definition(typesOfDefinition),
			Text:    "A table's definition names types as DMS's documentation does: UINT64, NUMERIC, TIMESTAMP, STRING.",
			RestsOn: []string{"internal/currentstate/fields.go#typeOf"},
			IfWrong: "Columns of such tables become keywords, which searches find by value but not by range.",
		},
		{
			ID: "alter-record", Area: Tables, Mark: Harmless, Shown: equals, judge: altered, step: stepAlter,
			Text:    "For ALTER TABLE ADD COLUMN, DMS sends a control record with the whole new definition.",
			RestsOn: []string{"internal/currentstate/entry.go#lacks", "internal/currentstate/apply.go#announced", "components/replication/target.go#IncludeTableAlterOperations"},
			IfWrong: "A new column is indexed by the rule for unknown columns until the next deployment or epoch.",
		},
		{
			ID: "control-marked", Area: Tables, Mark: Loud, Shown: parks, judge: marked,
			Text:    "A record that is about a table, and not about a row, has record-type control.",
			RestsOn: []string{"internal/change/change.go#classify", "internal/lake/partition/partition.go#Query"},
			IfWrong: "The record is parked (unreadable).",
		},
		{
			ID: "operations", Area: Records, Mark: Loud, Shown: parks, judge: operations,
			Text:    "A change's operation is insert, update or delete.",
			RestsOn: []string{"internal/change/change.go#classify", "internal/lake/views/rows.go#state"},
			IfWrong: "Records with another operation are parked (unreadable).",
		},
		{
			ID: "names", Area: Records, Mark: Loud, Shown: parks, judge: names,
			Text:    "schema-name and table-name are MySQL's database and table, with the same upper and lower case.",
			RestsOn: []string{"internal/change/change.go#classify", "internal/lake/partition/partition.go#Query"},
			IfWrong: "A record without them is parked (unreadable). A record with other letters seems to be of a table that nobody has described, and is parked (unkeyed).",
		},
		{
			ID: "one-record", Area: Records, Mark: Loud, Shown: parks, judge: all(oneRecord),
			Text:    "A Kinesis record is one change record: DMS does not combine several, and puts nothing before it.",
			RestsOn: []string{"internal/change/change.go#Parse"},
			IfWrong: "The record is parked (unreadable), and the lake's delivery writes it below errors/lake.",
		},
		{
			ID: "utf8", Area: Records, Mark: Loud, Shown: parks, judge: all(unicode),
			Text:    "Texts are UTF-8, whatever the column's character set is, and are otherwise unchanged.",
			RestsOn: []string{"internal/change/change.go#Parse"},
			IfWrong: "A record that is not UTF-8 is parked (unreadable).",
		},
		{
			ID: "whole-row", Area: Records, Mark: Undetectable, judge: wholeRow,
			Text:    "An update has every column of its row, changed or not.",
			RestsOn: []string{"internal/currentstate/document.go#row", "internal/lake/views/rows.go#state"},
			IfWrong: "Columns that an update did not change are missing in the current index and NULL in Athena's rows.",
		},
		{
			ID: "before-key", Area: Records, Mark: Undetectable, judge: formerKey,
			Text:    "The before-image of an update has the old values of the key's columns.",
			RestsOn: []string{"internal/change/key.go#PreviousKey", "internal/lake/views/rows.go#state", "components/replication/settings.go#BeforeImageSettings"},
			IfWrong: "After a change of its key, a row also stays under its old key.",
		},
		{
			ID: "key-change", Area: Records, Mark: Harmless, Shown: equals, judge: movedAtOnce,
			Text:    "A change of the key is one update, not a delete and an insert.",
			RestsOn: []string{"internal/currentstate/apply.go#rows", "internal/lake/views/rows.go#state"},
			IfWrong: "The rows are the same. The history has two documents for the change.",
		},
		{
			ID: "delete-key", Area: Records, Mark: Loud, Shown: parks, judge: deletedRow,
			Text:    "The data of a delete contains the row's key.",
			RestsOn: []string{"internal/change/key.go#key", "internal/currentstate/document.go#tombstone"},
			IfWrong: "Deletes are parked (unkeyed): the rows stay.",
		},
		{
			ID: "multi-row", Area: Records, Mark: Loud, Shown: parks, judge: oneEach,
			Text:    "A statement that changes several rows gives one record for each row.",
			RestsOn: []string{"internal/change/change.go#record"},
			IfWrong: "A record with several rows is parked (unreadable).",
		},
		{
			ID: "record-time", Area: Records, Mark: Undetectable, judge: madeThen,
			Text:    "timestamp is the time when DMS made the record, in UTC.",
			RestsOn: []string{"internal/change/order.go#Made", "internal/currentstate/entry.go#epochAt"},
			IfWrong: "Records from around the beginning of an epoch go into the wrong epoch.",
		},
		{
			ID: "position-form", Area: Order, Mark: Loud, Shown: parks, judge: all(positioned),
			Text:    "stream-position begins with the binlog file and the offset in that file: mysql-bin-changelog.000042:1975:…",
			RestsOn: []string{"internal/change/order.go#position", "internal/lake/views/place.go#placePattern"},
			IfWrong: "Changes are parked (unordered), and Athena's queries of rows fail.",
		},
		{
			ID: "position-grows", Area: Order, Mark: Undetectable, judge: positionsGrow,
			Text:    "When two changes are committed, the later one has the later stream-position.",
			RestsOn: []string{"internal/change/order.go#Compare", "internal/lake/views/rows.go#state"},
			IfWrong: "Athena's rows, and `cdc verify --deep`, show a former state as the latest.",
		},
		{
			ID: "transaction-id-form", Area: Order, Mark: Loud, Shown: parks, judge: all(transacted),
			Text:    "transaction-id is the number of the binlog file times 2^32 plus the offset at which the transaction begins.",
			RestsOn: []string{"internal/change/version.go#version"},
			IfWrong: "Changes are parked (unordered).",
		},
		{
			ID: "transaction-id-grows", Area: Order, Mark: Undetectable, judge: transactionsGrow,
			Text:    "All changes of a transaction have the same transaction-id, and a later transaction has a greater one.",
			RestsOn: []string{"internal/change/version.go#Version"},
			IfWrong: "The current index keeps an old state of a row.",
		},
		{
			ID: "interleaved", Area: Order, Mark: Undetectable, judge: interleaved,
			Text:    "When two transactions overlap, the one that is committed first has the lower transaction-id, whichever began first.",
			RestsOn: []string{"internal/change/version.go#Version"},
			IfWrong: "When both change one row, the current index may keep the former state.",
		},
		{
			ID: "record-number", Area: Order, Mark: Loud, Shown: parks, judge: numberedFromOne,
			Text:    "transaction-record-id counts the changes of a transaction from 1.",
			RestsOn: []string{"internal/change/version.go#version"},
			IfWrong: "A change with 0, or without this number, is parked (unordered).",
		},
		{
			ID: "record-numbers", Area: Order, Mark: Undetectable, judge: numberedApart,
			Text:    "Within a transaction each change has another transaction-record-id, in the order of the statements.",
			RestsOn: []string{"internal/change/version.go#Version", "internal/lake/views/rows.go#state"},
			IfWrong: "When one transaction changes a row twice, either state may be kept.",
		},
		{
			ID: "commit-time", Area: Order, Mark: Loud, Shown: parks, judge: all(committedThen),
			Text:    "commit-timestamp is a time as RFC 3339 defines it.",
			RestsOn: []string{"internal/change/order.go#moment", "internal/lake/views/types.go#moment"},
			IfWrong: "Changes are parked (unordered).",
		},
		{
			ID: "row-order", Area: Order, Mark: Harmless, Shown: equals, judge: inTurn,
			Text:    "All changes of a row go into one shard, in the order of their commits.",
			RestsOn: []string{"components/replication/mappings.go#follow"},
			IfWrong: "The pipeline is not affected: versions say which change is later. Your own readers may rely on it.",
		},
		{
			ID: "partition-key", Area: Order, Mark: Harmless, Shown: equals, judge: keyedByRow,
			Text:    "With partition-key-type primary-key, a record's partition key consists of schema, table and the row's key.",
			RestsOn: []string{"components/replication/mappings.go#follow"},
			IfWrong: "All changes of a table go through one shard, at about 1 MB a second.",
		},
		{
			ID: "null-absent", Area: Values, Mark: Harmless, Shown: equals, judge: columnOf(sceneEmpty, "nothing", absent),
			Text:    "A column that is NULL is absent.",
			RestsOn: []string{"internal/currentstate/document.go#row", "components/replication/target.go#IncludeNullAndEmpty"},
			IfWrong: "The rows are the same: null is read as NULL.",
		},
		{
			ID: "empty-text", Area: Values, Mark: Undetectable, judge: columnOf(sceneEmpty, "empty_text", is(`""`)),
			Text:    "Empty text is in the record. It is not left out like NULL.",
			RestsOn: []string{"internal/currentstate/document.go#row", "components/replication/target.go#IncludeNullAndEmpty"},
			IfWrong: "Empty text looks like NULL in the indices and in Athena.",
		},
		{
			ID: "empty-key", Area: Values, Mark: Harmless, Shown: equals, judge: columnOf(sceneEmpty, "code", is(`""`)),
			Text:    "Empty text in a column of the key is in the record.",
			RestsOn: []string{"internal/change/key.go#key", "internal/currentstate/document.go#row", "internal/lake/views/keys.go#oneText"},
			IfWrong: "The rows are the same. A key has no NULL, so a text that is left out, or null, must be empty. An epoch of an earlier release does not know its key's types, and parks such records.",
		},
		{
			ID: "big-key", Area: Values, Mark: Loud, Shown: parks, judge: column("id", digits(bigKey)),
			Text:    "With useLargeIntegerValue, a key of 20 digits has all its digits.",
			RestsOn: []string{"internal/change/spelling.go#rounded", "components/replication/target.go#UseLargeIntegerValue"},
			IfWrong: "A record with a key in scientific notation is parked (unkeyed), because two rows might look like one.",
		},
		{
			ID: "big-integers", Area: Values, Mark: Loud, Shown: parks, judge: both(column("signed19", digits("-9223372036854775807")), column("unsigned20", digits("18446744073709551614"))),
			Text:    "With useLargeIntegerValue, integers of 19 and 20 digits outside the key have all their digits.",
			RestsOn: []string{"internal/currentstate/entry.go#rounded", "internal/lake/views/types.go#typeOf", "components/replication/target.go#UseLargeIntegerValue"},
			IfWrong: "In scientific notation they are parked (rounded), and Athena's queries of that column fail. The history has rounded values.",
		},
		{
			ID: "decimal-digits", Area: Values, Mark: Undetectable, judge: column("exact", digits("1234567890123456789012345678.0123456789")),
			Text:    "A DECIMAL keeps all its digits.",
			RestsOn: []string{"internal/currentstate/fields.go#decimal", "internal/lake/views/types.go#decimal"},
			IfWrong: "Amounts are rounded everywhere.",
		},
		{
			ID: "decimal-number", Area: Values, Mark: Harmless, Shown: equals, judge: column("exact", aNumber),
			Text:    "A DECIMAL is a JSON number, not text.",
			RestsOn: []string{"internal/currentstate/fields.go#decimal", "internal/lake/views/types.go#decimal"},
			IfWrong: "The rows are the same: text with digits is read as a number.",
		},
		{
			ID: "binary-hex", Area: Values, Mark: Undetectable, judge: column("bytes", inHex("00FF10")),
			Text:    "Bytes are text: 0x and upper-case hexadecimal digits.",
			RestsOn: []string{"internal/lake/views/types.go#text", "internal/operator/verify/value.go#ofSink"},
			IfWrong: "Bytes have another form in the indices and in Athena. A search for the documented form does not find them.",
		},
		{
			ID: "binary-zeros", Area: Values, Mark: Undetectable, judge: column("tag", ofBytes("CAFE0000")),
			Text:    "BINARY keeps its trailing zero bytes, which the binlog leaves out.",
			RestsOn: []string{"internal/change/spelling.go#bytes", "internal/lake/views/keys.go#oneText"},
			IfWrong: "The bytes are shorter in the indices and in Athena. A key has its full length all the same where the bootstrap has found MySQL's type. For a table that is made later, DMS does not distinguish BINARY from VARBINARY. When a load has the zeros and a change has not, the row is there twice until the next deployment and epoch.",
		},
		{
			ID: "time-text", Area: Values, Mark: Undetectable, judge: column("elapsed", aTime),
			Text:    "TIME is text such as -123:04:05.600000, also for more than a day and for negative times.",
			RestsOn: []string{"internal/lake/views/types.go#text", "internal/currentstate/fields.go#typeOf"},
			IfWrong: "TIME has another form in the indices and in Athena, or is cut to a day.",
		},
		{
			ID: "json-text", Area: Values, Mark: Undetectable, judge: column("document", aDocument),
			Text:    "A JSON column is text that holds JSON.",
			RestsOn: []string{"internal/currentstate/document.go#row", "components/search/history.go#unsearched", "internal/lake/views/changes.go#member"},
			IfWrong: "The current index has the same text. The history does not search it, and Athena shows NULL.",
		},
		{
			ID: "enum-set", Area: Values, Mark: Undetectable, judge: both(column("choice", is(`"two"`)), column("choices", is(`"a,c"`))),
			Text:    "ENUM and SET are texts that name their members.",
			RestsOn: []string{"internal/lake/views/types.go#text", "internal/currentstate/fields.go#typeOf"},
			IfWrong: "The indices and Athena have numbers instead.",
		},
		{
			ID: "fractions", Area: Values, Mark: Undetectable, judge: both(column("happened", ends("123456")), column("noticed", ends("654321"))),
			Text:    "DATETIME(6) and TIMESTAMP(6) have their microseconds.",
			RestsOn: []string{"internal/lake/views/types.go#moment", "internal/currentstate/fields.go#dateFormats"},
			IfWrong: "Times are cut to seconds or milliseconds.",
		},
		{
			ID: "datetime-form", Area: Values, Mark: Harmless, Shown: equals, judge: both(column("happened", inISO), column("noticed", inISO)),
			Text:    "DATETIME and TIMESTAMP are of the form 2026-02-03T04:05:06Z.",
			RestsOn: []string{"internal/currentstate/fields.go#dateFormats", "internal/lake/views/types.go#moment", "components/search/history.go#dateFormats"},
			IfWrong: "The rows are the same with a space instead of T, and without Z.",
		},
		{
			ID: "utc", Area: Values, Mark: Undetectable, judge: both(column("happened", atTheHour), column("noticed", atTheHour)),
			Text:    "TIMESTAMP is in UTC, and DATETIME is as it was written, whatever the time zone of server, DMS or session.",
			RestsOn: []string{"internal/lake/views/types.go#moment", "internal/currentstate/fields.go#dateFormats"},
			IfWrong: "Times are wrong by hours.",
		},
		{
			ID: "load-record", Area: Loads, Mark: Loud, Shown: parks, judge: loaded, step: stepLoad,
			Text:    "A loaded row has the operation load and no position in the binlog.",
			RestsOn: []string{"internal/change/order.go#order", "internal/lake/views/rows.go#place"},
			IfWrong: "Loaded rows are parked (unordered).",
		},
		{
			ID: "load-key", Area: Loads, Mark: Undetectable, judge: alike(sameKey), step: stepLoad,
			Text:    "A row's key is written in the same way in a load and in a change.",
			RestsOn: []string{"internal/change/spelling.go#text", "internal/lake/views/keys.go#oneText", "internal/lake/views/rows.go#state"},
			IfWrong: "Where their type is known, times, numbers, bytes, bits and empty text in a key are one key however they are written. Any other difference makes another row: the row is there twice, and a delete removes one of them. `cdc verify --deep` names it.",
		},
		{
			ID: "load-values", Area: Loads, Mark: Undetectable, judge: alike(sameValues), step: stepLoad,
			Text:    "A row's other columns are written in the same way in a load and in a change.",
			RestsOn: []string{"internal/currentstate/document.go#row", "internal/lake/views/types.go#typeOf"},
			IfWrong: "A value has one form before its row's first change, and another form after it.",
		},
		{
			ID: "history-index", Area: History, Mark: Undetectable, judge: documents(inItsIndex),
			Text:    "With rotation OneDay, the name of the index is the configured name, a hyphen, and the UTC day of the record's arrival. In a collection it is the configured name.",
			RestsOn: []string{"components/search/history.go#historyPattern", "internal/operator/verify/history.go#oldest"},
			IfWrong: "OpenSearch makes indices without template, alias and retention, so a search by the alias finds nothing.",
		},
		{
			ID: "history-ids", Area: History, Mark: Undetectable, onDomain: true, judge: documents(withItsID),
			Text:    "With FIREHOSE_DEFAULT Firehose gives a domain's document its id. So a document that it sends again replaces itself.",
			RestsOn: []string{"components/search/delivery.go#destination"},
			IfWrong: "A change that Firehose sends again is in the history twice.",
		},
		{
			ID: "history-document", Area: History, Mark: Undetectable, judge: documents(asItWas),
			Text:    "A document is the record as it is in the stream: Firehose adds nothing around it, and changes the form of no number.",
			RestsOn: []string{"components/search/history.go#historyMappings", "internal/operator/verify/history.go#changes"},
			IfWrong: "Searches of the history miss changes or find rounded numbers.",
		},
		{
			ID: "lake-folder", Area: Lake, Mark: Undetectable, judge: lines(ofScene(sceneNamed), inItsFolder(func(e *Evidence) string { return e.Database }, (*Evidence).second)),
			Text:    "JQ-1.6 runs the partition query as jq does: @uri writes a $ in a table's name as %24, and split and join work.",
			RestsOn: []string{"internal/lake/partition/partition.go#Query", "internal/lake/partition/partition.go#Folder"},
			IfWrong: "Records of tables with such names go into a folder that neither Athena nor `cdc` reads.",
		},
		{
			ID: "lake-hour", Area: Lake, Mark: Undetectable, judge: lines(ofRows, inItsHour),
			Text:    "dt and hour in an object's key are the UTC time at which its first record arrived, with two digits each.",
			RestsOn: []string{"components/lake/partition.go#objectPrefix", "internal/lake/objects/objects.go#Hours", "internal/lake/views/glue.go#RecordParameters"},
			IfWrong: "Athena's projection and `cdc replay` do not find the object.",
		},
		{
			ID: "lake-lines", Area: Lake, Mark: Undetectable, judge: lines(ofRows, aLineEach),
			Text:    "An object is gzip with one record on each line, as it is in the stream.",
			RestsOn: []string{"components/lake/partition.go#processing", "internal/lake/objects/objects.go#Lines", "internal/lake/views/glue.go#LineSerDe"},
			IfWrong: "Athena's views lack changes. The saved query of records that nobody can place lists them. `cdc verify --deep` and `cdc replay` stop at the object.",
		},
		{
			ID: "lake-control", Area: Lake, Mark: Harmless, Shown: ofViews, judge: lines(ofDefinitions, inItsFolder(ofControl, ofControl)),
			Text:    "JQ-1.6 supports if, // and ==, so records that are not about a row go below schema=_control/table=_control.",
			RestsOn: []string{"internal/lake/partition/partition.go#Query"},
			IfWrong: "The rows are the same: a view uses only records of rows. The saved query of definitions finds none.",
		},
	}
}
