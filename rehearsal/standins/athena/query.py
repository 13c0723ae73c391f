"""Runs Athena's SQL over the objects of a lake.

The first line of standard input is JSON: tables as Glue describes them, and the objects by URL with their files.
Each further line is a statement, {"sql": …}. Its result or error is printed as a line of JSON. The SQL is Trino's.
sqlglot translates it to DuckDB's, and this file corrects the differences. It refuses functions that are not known
to behave the same in both.
"""

import base64
import functools
import gzip
import json
import os
import re
import sys
import tempfile
from datetime import datetime, timezone

import duckdb
import sqlglot
from sqlglot import exp

LINE_SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def main():
    asked = json.loads(sys.stdin.readline())
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for function, names in ((json_scalar, 2), (json_any, 2), (json_whole, 1)):
        db.create_function(function.__name__, function, ["VARCHAR"] * names, "VARCHAR", null_handling="special")
    say(tell(lambda: {"version": register(db, asked)}))
    for line in sys.stdin:
        say(tell(lambda: answer(db, json.loads(line)["sql"])))


def say(answered):
    print(json.dumps(answered), flush=True)


def tell(run):
    """The result of a function, or the reason why it has none."""
    try:
        return run()
    except (Refused, duckdb.Error, sqlglot.errors.SqlglotError) as reason:
        return {"error": str(reason)}


def register(db, asked):
    stored = [t for t in asked["tables"] if t["TableType"] == "EXTERNAL_TABLE"]
    for table in stored:
        load(db, table, asked["objects"])
    views = [t for t in asked["tables"] if t["TableType"] == "VIRTUAL_VIEW"]
    if len(stored) + len(views) != len(asked["tables"]):
        fail("a table is neither EXTERNAL_TABLE nor VIRTUAL_VIEW")
    for view in in_order(views):
        create(db, view)
    return duckdb.__version__


class Refused(Exception):
    """Reports SQL that Athena refuses, or that this program does not support."""


def fail(message):
    raise Refused(message)


def load(db, table, objects):
    """Makes a table from the lines of the objects in its partitions, including blank lines, as Athena does."""
    storage, name = table["StorageDescriptor"], table["Name"]
    if storage["SerdeInfo"]["SerializationLibrary"] != LINE_SERDE or len(storage["Columns"]) != 1:
        fail(f"table {name}: only one column of lines ({LINE_SERDE}) is implemented")
    columns = [c["Name"] for c in storage["Columns"]] + [k["Name"] for k in table["PartitionKeys"]]
    db.execute(f"CREATE TABLE {quote(name)} ({', '.join(quote(c) + ' VARCHAR' for c in columns)})")
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8", dir=os.environ.get("CATALOG_DIR")) as file:
        for url, path in sorted(objects.items()):
            partition = projected(table, url)
            if partition is None:
                continue
            with gzip.open(path, "rb") as lines:
                for line in lines:
                    # Trino reads invalid UTF-8 as U+FFFD.
                    row = [line.rstrip(b"\n").decode(errors="replace"), *partition]
                    file.write(json.dumps(dict(zip(columns, row))) + "\n")
        file.flush()
        if file.tell():
            types = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns)
            db.execute(
                f"INSERT INTO {quote(name)} SELECT * FROM read_json({literal(file.name)}, format='newline_delimited', "
                f"maximum_object_size=16777216, columns={{{types}}})"
            )


def projected(table, url):
    """Returns the partition values of an object, or None for an object elsewhere, which is invisible."""
    parameters = table["Parameters"]
    if parameters.get("projection.enabled") != "true":
        fail(f"table {table['Name']}: only partition projection is implemented")
    template = parameters["storage.location.template"]
    if not template.startswith(table["StorageDescriptor"]["Location"]):
        fail(f"table {table['Name']}: its partitions are not below its location")
    keys = [k["Name"] for k in table["PartitionKeys"]]
    pattern = re.escape(template)
    for key in keys:
        pattern = pattern.replace(re.escape("${" + key + "}"), f"(?P<{key}>[^/]+)")
    match = re.fullmatch(pattern + "[^/]+", url)
    if match is None or os.path.basename(url).startswith((".", "_")):
        return None
    values = [match[key] for key in keys]
    return values if all(within(parameters, key, match[key]) for key in keys) else None


def within(parameters, key, value):
    """Tells whether projection produces a value,
    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html."""
    kind = parameters[f"projection.{key}.type"]
    low, high = parameters[f"projection.{key}.range"].split(",")
    if kind == "integer":
        digits = int(parameters.get(f"projection.{key}.digits", 1))
        return value.isdecimal() and int(low) <= int(value) <= int(high) and value == value.lstrip("0").rjust(digits, "0")
    if kind == "date" and parameters[f"projection.{key}.format"] == "yyyy-MM-dd" and high == "NOW":
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and low <= value <= datetime.now(timezone.utc).date().isoformat()
    fail(f"projection of {key} as {kind} in this form is not implemented")


def in_order(views):
    """Sorts a view after those that it reads."""
    left = {v["Name"]: v for v in views}
    while left:
        ready = [n for n, v in left.items() if not {t.name for t in parse(definition(v)["originalSql"]).find_all(exp.Table)} & (left.keys() - {n})]
        if not ready:
            fail(f"views that read one another: {', '.join(left)}")
        yield left.pop(ready[0])


def definition(view):
    match = re.fullmatch(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/", view["ViewOriginalText"])
    marks = view.get("Parameters") or {}
    if match is None or marks.get("presto_view") != "true" or marks.get("comment") != "Presto View":
        fail(f"view {view['Name']}: not in the form that Trino reads: its parameters are {marks}; a description is its comment")
    return json.loads(base64.b64decode(match[1]))


def create(db, view):
    """Makes a view, and compares its types with the declared ones: Athena refuses a view where they differ."""
    wanted = definition(view)
    name = quote(view["Name"])
    db.execute(f"CREATE TABLE {name} AS {translate(parse(wanted['originalSql']))}")
    have = described(db, f"SELECT * FROM {name}")
    declared = [(c["name"], c["type"]) for c in wanted["columns"]]
    glue = [c["Name"] for c in view["StorageDescriptor"]["Columns"]]
    if have != declared or glue != [n for n, _ in have]:
        fail(f"view {view['Name']} declares {declared}, in Glue {glue}, and has {have}")


TYPES = {  # Trino's by DuckDB's
    "VARCHAR": "varchar", "INTEGER": "integer", "BIGINT": "bigint", "HUGEINT": "bigint", "FLOAT": "real", "DOUBLE": "double", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp(6)", "TIMESTAMP_MS": "timestamp(3)", "VARCHAR[]": "array(varchar)",
}  # fmt: skip


def described(db, sql):
    return [(name, TYPES.get(kind, kind.lower())) for name, kind, *_ in db.execute(f"DESCRIBE {sql}").fetchall()]


def answer(db, sql):
    """Returns a query's columns and rows: a value is text, an array a list of texts."""
    translated = translate(parse(sql))
    columns = described(db, translated)
    kept = ", ".join(quote(n) + ("" if kind.startswith("array") else "::VARCHAR") for n, kind in columns)
    rows = db.execute(f"SELECT {kept} FROM ({translated}) AS answer").fetchall()
    return {"columns": [{"name": n, "type": kind} for n, kind in columns], "rows": rows}


def parse(sql):
    return sqlglot.parse_one(sql, read="athena")


def translate(parsed):
    for node in parsed.walk():
        if isinstance(node, exp.Func) and type(node).__name__ not in KNOWN or isinstance(node, UNLIKE):
            fail(f"{node.sql('trino')}: nobody has shown that DuckDB means by it what Athena does")
    return parsed.copy().transform(same).sql("duckdb")


# Functions that give the same result in Trino and DuckDB, or do so with this file's corrections. A rehearsal compares
# the results.
KNOWN = {
    "Abs", "And", "Array", "Case", "Cast", "Coalesce", "ConcatWs", "Count", "CurrentTimestamp", "If", "JSONExtract", "JSONExtractScalar", "JSONFormat",
    "Lower", "Max", "Nullif", "Or", "Pad", "ParseJSON", "RegexpExtract", "RegexpLike", "Replace", "RowNumber", "StrPosition", "Substring", "Sum", "TimeToStr", "Trim", "Try", "TryCast", "Unnest", "Upper",
}  # fmt: skip
UNLIKE = (exp.Div, exp.IntDiv, exp.Mod)  # Trino divides integers as integers

# These texts can be cast in Trino. DuckDB also accepts 12.0 for an integer.
FORMS = {
    "INT": r"[+-]?[0-9]+",
    "BIGINT": r"[+-]?[0-9]+",
    "DECIMAL": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "DATE": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    "TIMESTAMP": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?",
}


def same(node):
    """Makes DuckDB's function return Trino's result where they differ."""
    if isinstance(node, exp.Try) and isinstance(node.this, exp.ParseJSON):
        return exp.func("json_whole", node.this.this)
    if isinstance(node, exp.JSONFormat) and isinstance(node.this, exp.JSONExtract):
        return exp.func("json_any", node.this.this, path(node.this))
    if isinstance(node, exp.JSONExtractScalar):
        return exp.func("json_scalar", node.this, path(node))
    if isinstance(node, (exp.ParseJSON, exp.JSONExtract, exp.JSONFormat)) and not isinstance(node.parent, (exp.Try, exp.JSONFormat)):
        fail(f"{node.sql('trino')}: is not implemented by itself")
    if isinstance(node, exp.RegexpExtract):  # NULL when nothing matches
        return exp.func("nullif", node, exp.Literal.string(""))
    if isinstance(node, exp.Cast) and node.to.this.name in FORMS:
        return strict(node)
    return node


def strict(cast):
    """Casts a text only if it has Trino's form."""
    form = exp.Literal.string(FORMS[cast.to.this.name])
    text = exp.cast(cast.this.copy(), "text")
    fits = exp.or_(exp.func("typeof", cast.this.copy()).neq("VARCHAR"), exp.func("regexp_full_match", text, form), text.copy().is_(exp.null()))
    case = exp.Case().when(fits, cast.copy())
    return case if isinstance(cast, exp.TryCast) else case.else_(exp.func("error", exp.Literal.string(f"{cast.sql('trino')}: a text is no such value")))


def path(extract):
    """Returns the names in a JSON path, as JSON."""
    parts = extract.expression.expressions
    if not all(isinstance(p, (exp.JSONPathRoot, exp.JSONPathKey)) for p in parts):
        fail(f"{extract.sql('trino')}: only names in a path are implemented")
    return exp.Literal.string(json.dumps([p.this for p in parts[1:]]))


class Number(str):
    """The original characters of a number."""


@functools.lru_cache(maxsize=8192)  # a function is run over thousands of lines before the next one is
def first(record):
    """Returns a line's first value, in which Trino looks up members, and whether it is the only one."""
    try:
        value, end = DECODER.raw_decode(record, len(record) - len(record.lstrip()))
        return value, not record[end:].strip()
    except ValueError:
        return None, False


DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number)


ABSENT = object()


def found(record, names):
    value = ABSENT if record is None else first(record)[0]
    for name in json.loads(names):
        value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def json_scalar(record, names):
    value = found(record, names)
    if value is ABSENT or value is None or isinstance(value, (dict, list)):
        return None
    return written(value) if isinstance(value, bool) else sound(value)


def json_any(record, names):
    value = found(record, names)
    return None if value is ABSENT else written(value)


def json_whole(record):
    return record if record is not None and first(record)[1] else None


def written(value):
    """Returns JSON without blanks, with the members in order."""
    if isinstance(value, dict):
        return "{" + ",".join(written(k) + ":" + written(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value) if isinstance(value, Number) else sound(json.dumps(value, ensure_ascii=False))


def sound(text):
    """Returns a text that can be encoded: a lone surrogate becomes a question mark, as in Java."""
    return text.encode(errors="replace").decode()


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
