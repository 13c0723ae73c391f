"""Runs the catalog's views and saved queries over the objects of a lake.

What the program registered comes in on standard input, as JSON: tables as Glue describes them, queries as Athena does,
and the objects by their URLs with the files that hold them. What every view and query answers goes out, as JSON. The SQL
is Trino's; sqlglot writes it in DuckDB's, and this file makes up for what the two do differently.
"""

import base64
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
    asked = json.load(sys.stdin)
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    stored = [t for t in asked["tables"] if t["TableType"] == "EXTERNAL_TABLE"]
    for table in stored:
        load(db, table, asked["objects"])
    views = [t for t in asked["tables"] if t["TableType"] == "VIRTUAL_VIEW"]
    if len(stored) + len(views) != len(asked["tables"]):
        fail("a table is neither EXTERNAL_TABLE nor VIRTUAL_VIEW")
    rows = {v["Name"]: create(db, v) for v in in_order(views)}
    answers = {q["Name"]: answer(db, q) for q in asked["queries"]}
    json.dump({"views": rows, "queries": answers}, sys.stdout)


def fail(message):
    sys.exit(message)


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
                    row = [exact(line.rstrip(b"\n").decode()), *partition]
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


def exact(line):
    """Is a line whose numbers are strings of the same characters.

    json_extract_scalar of either gives the characters; DuckDB's would read a number first, and lose digits. What is no
    JSON stays as it is.
    """
    try:
        return json.dumps(json.loads(line, parse_int=str, parse_float=str), ensure_ascii=False)
    except json.JSONDecodeError:
        return line


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
    if match is None or view.get("Parameters", {}).get("presto_view") != "true":
        fail(f"view {view['Name']}: not in the form that Athena reads")
    return json.loads(base64.b64decode(match[1]))


def create(db, view):
    """Makes a view, and compares the types it has with those it declares: Athena refuses a view where they differ."""
    wanted = definition(view)
    name = quote(view["Name"])
    db.execute(f"CREATE TABLE {name} AS {translate(parse(wanted['originalSql']))}")
    have = [(n, t) for n, t, *_ in db.execute(f"DESCRIBE {name}").fetchall()]
    declared = [(c["name"], duck(db, c["type"], "trino")) for c in wanted["columns"]]
    glue = [c["Name"] for c in view["StorageDescriptor"]["Columns"]]
    if have != declared or glue != [n for n, _ in have]:
        fail(f"view {view['Name']} declares {declared}, in Glue {glue}, and has {have}")
    return texts(db, f"SELECT * FROM {name}")


def duck(db, name, dialect):
    """Is DuckDB's name of a type."""
    cast = exp.Cast(this=exp.Null(), to=exp.DataType.build(name, dialect=dialect))
    return db.execute(f"SELECT typeof({cast.sql('duckdb')})").fetchone()[0]


def answer(db, query):
    parsed = parse(query["QueryString"])
    values = parameters(db, parsed)
    return texts(db, translate(parsed), values)


def parameters(db, parsed):
    """Is a value for each parameter: of a key those of a row that there is, of a time one in the future."""
    marks = list(parsed.find_all(exp.Placeholder, bfs=False))
    columns = [m.parent.this.name for m in marks if isinstance(m.parent, exp.EQ)]
    row = []
    if columns:
        table = next(parsed.find_all(exp.Table)).name
        row = list(db.execute(f"SELECT {', '.join(quote(c) for c in columns)} FROM {quote(table)} LIMIT 1").fetchone() or [None] * len(columns))
    return [row.pop(0) if isinstance(m.parent, exp.EQ) else "9999-12-31 00:00:00" for m in marks]


def texts(db, sql, values=None):
    """Is the rows of a query, each value as text that is equal for equal values."""
    columns = db.execute(f"DESCRIBE {sql}", values).fetchall() if values else db.execute(f"DESCRIBE {sql}").fetchall()
    names = [c[0] for c in columns]
    rows = db.execute(f"SELECT {', '.join(quote(n) + '::VARCHAR' for n in names)} FROM ({sql}) AS answer", values).fetchall()
    return [dict(zip(names, row)) for row in rows]


def parse(sql):
    return sqlglot.parse_one(sql, read="athena")


def translate(parsed):
    return parsed.copy().transform(same).sql("duckdb")


def same(node):
    """Gives DuckDB's function what Trino's answers where it finds nothing: NULL."""
    if isinstance(node, exp.JSONExtractScalar):
        return exp.Case().when(exp.func("json_valid", node.this.copy()), node.copy())
    if isinstance(node, exp.RegexpExtract):
        return exp.func("nullif", node.transform(inner), exp.Literal.string(""))
    return node


def inner(node):
    return same(node) if isinstance(node, exp.JSONExtractScalar) else node


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
