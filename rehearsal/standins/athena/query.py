"""Runs Athena's SQL over the objects of a lake.

The first line of standard input is JSON: tables as Glue describes them, and the objects by their URLs with the files that
hold them. Each further line is a statement to run, {"sql": …}; what it answers, or why it does not, goes out as a line of
JSON. The SQL is Trino's; sqlglot writes it in DuckDB's, and this file makes up for what the two do differently. What it does
not know to be the same in both is refused.
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
    """Is what a function gives, or why it gives nothing."""
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
    """Is what Athena refuses, or nobody knows here."""


def fail(message):
    raise Refused(message)


def load(db, table, objects):
    """Makes a table of the lines of the objects in its partitions, blank lines among them, as Athena reads them."""
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
                    # Trino reads what is no UTF-8 as U+FFFD.
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
    """Is the values of the partition that an object is in, or None: an object elsewhere is not seen."""
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
    """Tells whether a value is one that projection makes, https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html."""
    kind = parameters[f"projection.{key}.type"]
    low, high = parameters[f"projection.{key}.range"].split(",")
    if kind == "integer":
        digits = int(parameters.get(f"projection.{key}.digits", 1))
        return value.isdecimal() and int(low) <= int(value) <= int(high) and value == value.lstrip("0").rjust(digits, "0")
    if kind == "date" and parameters[f"projection.{key}.format"] == "yyyy-MM-dd" and high == "NOW":
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and low <= value <= datetime.now(timezone.utc).date().isoformat()
    fail(f"projection of {key} as {kind} in this form is not implemented")


def in_order(views):
    """Puts a view after those it reads."""
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
    """Makes a view, and compares the types it has with those it declares: Athena refuses a view where they differ."""
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
    """Is the columns and rows of a query: a value is text, an array a list of texts."""
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


# Functions that say the same in Trino and DuckDB, or are made to by this file; what both answer is compared in a rehearsal.
KNOWN = {
    "Abs", "And", "Array", "Case", "Cast", "Coalesce", "ConcatWs", "Count", "CurrentTimestamp", "If", "JSONExtract", "JSONExtractScalar", "JSONFormat",
    "Lower", "Max", "Nullif", "Or", "Pad", "ParseJSON", "RegexpExtract", "RegexpLike", "Replace", "RowNumber", "StrPosition", "Substring", "Sum", "TimeToStr", "Trim", "Try", "TryCast", "Unnest", "Upper",
}  # fmt: skip
UNLIKE = (exp.Div, exp.IntDiv, exp.Mod)  # Trino divides integers as integers

# The texts that Trino casts; DuckDB takes 12.0 for an integer.
FORMS = {
    "INT": r"[+-]?[0-9]+",
    "BIGINT": r"[+-]?[0-9]+",
    "DECIMAL": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "DATE": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    "TIMESTAMP": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?",
}


def same(node):
    """Gives DuckDB's function what Trino's answers where it answers something else."""
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
    """Casts a text that has Trino's form alone."""
    form = exp.Literal.string(FORMS[cast.to.this.name])
    text = exp.cast(cast.this.copy(), "text")
    fits = exp.or_(exp.func("typeof", cast.this.copy()).neq("VARCHAR"), exp.func("regexp_full_match", text, form), text.copy().is_(exp.null()))
    case = exp.Case().when(fits, cast.copy())
    return case if isinstance(cast, exp.TryCast) else case.else_(exp.func("error", exp.Literal.string(f"{cast.sql('trino')}: a text is no such value")))


def path(extract):
    """Is the names of a JSON path, as JSON."""
    parts = extract.expression.expressions
    if not all(isinstance(p, (exp.JSONPathRoot, exp.JSONPathKey)) for p in parts):
        fail(f"{extract.sql('trino')}: only names in a path are implemented")
    return exp.Literal.string(json.dumps([p.this for p in parts[1:]]))


class Number(str):
    """The characters of a number, none of them changed."""


@functools.lru_cache(maxsize=8192)  # a function is run over thousands of lines before the next one is
def first(record):
    """Is a line's first value, which is what Trino finds members in, and whether it is the only one."""
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
    """Is JSON without blanks, with the members in their order."""
    if isinstance(value, dict):
        return "{" + ",".join(written(k) + ":" + written(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return str(value) if isinstance(value, Number) else sound(json.dumps(value, ensure_ascii=False))


def sound(text):
    """Is a text that can be written: half a surrogate pair is a question mark, as in Java."""
    return text.encode(errors="replace").decode()


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
