#!/usr/bin/env bash
# Apache Avro 1.12.1, Maven Central org.apache.avro:avro and PyPI avro: with one file and one reader's schema they
# give two answers. A column was DECIMAL(10,2) and DATETIME(3), and is DECIMAL(12,4) and DATETIME(6) now. Java reads
# old values with the new schema as a hundredth of the original, and times as of 1970: it applies the new scale and
# unit to the old bytes. Its compatibility check, which schema registries use, says COMPATIBLE. Python returns the
# original values. The specification lets two decimals match only if scale and precision are the same, and says
# nothing about times (https://avro.apache.org/docs/1.12.0/specification/#decimal); reported as AVRO-2078 in 2017. If
# you widen a column of a change stream, give it a new name there, or keep the writer's schema with each value.
# Seen: "Python 12.34, 2026-11-29T10:00:00", "Java 0.1234, 1970-01-21T18:52:26.400 COMPATIBLE".
# Needs python3 with venv, Maven and a JDK of 11 or newer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check avro==1.12.1
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>1.12.1</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.16</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory=jars >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >main.py <<'PY'
import datetime
import decimal
import json

from avro.datafile import DataFileReader, DataFileWriter
from avro.io import DatumReader, DatumWriter
from avro.schema import parse


def schema(precision, scale, unit):
    total = {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    fields = [{"name": "total", "type": total}, {"name": "at", "type": {"type": "long", "logicalType": f"timestamp-{unit}"}}]
    return json.dumps({"type": "record", "name": "orders", "fields": fields})


at = datetime.datetime(2026, 11, 29, 10, tzinfo=datetime.timezone.utc)
with DataFileWriter(open("orders.avro", "wb"), DatumWriter(), parse(schema(10, 2, "millis"))) as f:
    f.append({"total": decimal.Decimal("12.34"), "at": at})
with open("new.avsc", "w") as f:
    f.write(schema(12, 4, "micros"))
with DataFileReader(open("orders.avro", "rb"), DatumReader(None, parse(schema(12, 4, "micros")))) as f:
    row = next(f)
print(f"Python {row['total']}, {row['at']:%Y-%m-%dT%H:%M:%S}")
PY
cat >Main.java <<'JAVA'
import java.io.File;
import org.apache.avro.*;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.*;

public class Main {
  public static void main(String[] args) throws Exception {
    GenericData data = new GenericData();
    data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
    Schema now = new Schema.Parser().parse(new File("new.avsc"));
    DataFileReader<GenericRecord> file = new DataFileReader<>(new File("orders.avro"), new GenericDatumReader<>(null, now, data));
    GenericRecord row = file.next();
    String at = row.get("at").toString().replace("Z", "");
    System.out.println("Java " + row.get("total") + ", " + at + " " + SchemaCompatibility.checkReaderWriterCompatibility(now, file.getSchema()).getType());
  }
}
JAVA
{
	env/bin/python main.py
	java -cp 'jars/*' Main.java
} | tee seen
diff seen - <<'SEEN'
Python 12.34, 2026-11-29T10:00:00
Java 0.1234, 1970-01-21T18:52:26.400 COMPATIBLE
SEEN
