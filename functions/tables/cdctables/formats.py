"""The table formats: how to make a table, apply a batch of states to it, and find out what its commits have read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from cdctables.catalog import Storage
from cdctables.reader import METADATA
from cdctables.spec import Spec, Table

READ = "cdc.read"
"""The key under which a commit stores what was read: `objects.Read.text`."""


def quoted(name: str) -> str:
    """Quotes an identifier."""
    return "`" + name.replace("`", "``") + "`"


def columns_of(table: Table) -> dict[str, str]:
    """Names and types of a table's columns, in order."""
    return {c.name: c.type for c in table.columns} | dict(METADATA)


class Format(ABC):
    """A table format. A Spark session has only one, because Delta Lake and Hudi both want to be its default catalog."""

    settings: Mapping[str, str] = {}
    """Settings of a session with this format."""
    storage: Storage | None = None
    """How Athena reads the files, when the format does not make the catalog entry itself."""

    def __init__(self, spark: SparkSession, spec: Spec) -> None:
        self.spark, self.spec = spark, spec

    @abstractmethod
    def named(self, table: Table) -> str:
        """The table's name in SQL."""

    @abstractmethod
    def exists(self, table: Table) -> bool:
        """Whether the table exists."""

    @abstractmethod
    def create(self, table: Table) -> None:
        """Makes an empty table with its columns."""

    @abstractmethod
    def commits(self, table: Table) -> Iterator[str]:
        """What the commits store under READ, latest first. Other writers' commits store nothing."""

    @abstractmethod
    def commit(self, statement: str, read: str) -> None:
        """Runs a statement that changes a table, and stores what was read in its commit."""

    @abstractmethod
    def rewrite(self, table: Table, read: str) -> None:
        """Rewrites the whole table with the types of `table`, in one commit."""

    @abstractmethod
    def upkeep(self, table: Table, before: datetime) -> None:
        """Merges small files, and deletes files that only versions from before a time need."""

    def location(self, table: Table) -> str:
        """Location of the table's files."""
        return f"s3://{self.spec.bucket}/{table.location}"

    def columns(self, table: Table) -> dict[str, str]:
        """Names and types of the table's present columns."""
        return {name: type_ for name, type_ in self.stored(table).items() if not name.startswith("_hoodie_")}

    def stored(self, table: Table) -> dict[str, str]:
        """Names and types of the present columns, including the format's own columns."""
        return {f.name: f.dataType.simpleString() for f in self.spark.table(self.named(table)).schema.fields}

    def merge(self, table: Table, states: DataFrame, read: str) -> None:
        """Applies states, one per key: the one with the greater version wins. A deleted row stays as a tombstone."""
        states.createOrReplaceTempView("states")
        self.commit(
            f"MERGE INTO {self.named(table)} t USING states s ON t.cdc_key = s.cdc_key "
            "WHEN MATCHED AND s.cdc_version > t.cdc_version THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
            read,
        )

    def purge(self, table: Table, before: datetime, read: str) -> None:
        """Removes tombstones whose change was committed before a time."""
        self.commit(f"DELETE FROM {self.named(table)} WHERE cdc_gone AND cdc_at < {_timestamp(before)}", read)

    def cast(self, table: Table) -> str:
        """The table's rows as SQL, with the types of `table`. A column that the source dropped keeps its type."""
        types = self.columns(table) | columns_of(table)
        columns = ", ".join(f"CAST({quoted(name)} AS {type_}) AS {quoted(name)}" for name, type_ in types.items())
        return f"SELECT {columns} FROM {self.named(table)}"

    def definition(self, columns: Mapping[str, str]) -> str:
        """Columns in SQL's definition syntax."""
        return ", ".join(f"{quoted(name)} {type_}" for name, type_ in columns.items())


class Iceberg(Format):
    """Apache Iceberg 1.10, format version 2, merge on read: the variant that Athena reads and writes."""

    settings = {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        # A merge joins by the key. A filter with the states' keys drops the table's other rows before they are sent
        # and sorted.
        "spark.sql.optimizer.runtime.bloomFilter.enabled": "true",
        "spark.sql.optimizer.runtime.bloomFilter.applicationSideScanSizeThreshold": "0",
        "spark.sql.optimizer.runtime.bloomFilter.creationSideThreshold": "16g",
        # Spark makes no such filter when the states are small enough to broadcast. But this join keeps each state, so
        # it cannot broadcast them.
        "spark.sql.autoBroadcastJoinThreshold": "-1",
    }

    def named(self, table: Table) -> str:
        return f"lake.{quoted(self.spec.database)}.{quoted(table.entry)}"

    def exists(self, table: Table) -> bool:
        return self.spark.catalog.tableExists(self.named(table))

    def create(self, table: Table) -> None:
        self.spark.sql(f"CREATE TABLE {self.named(table)} ({self.definition(columns_of(table))}) {self._made(table)}")

    def rewrite(self, table: Table, read: str) -> None:
        self.commit(f"CREATE OR REPLACE TABLE {self.named(table)} {self._made(table)} AS {self.cast(table)}", read)

    def _made(self, table: Table) -> str:
        properties = {"format-version": "2", "write.parquet.compression-codec": "zstd", "write.metadata.delete-after-commit.enabled": "true"}
        properties |= {f"write.{what}.mode": "merge-on-read" for what in ("merge", "update", "delete")}
        listed = ", ".join(f"'{k}'='{v}'" for k, v in properties.items())
        return f"USING iceberg LOCATION '{self.location(table)}' TBLPROPERTIES ({listed})"

    def upkeep(self, table: Table, before: datetime) -> None:
        name = f"{quoted(self.spec.database)}.{quoted(table.entry)}"
        # Iceberg refuses to look for unreferenced files younger than a day, because one may be about to become part
        # of a version.
        unfinished = min(before, datetime.now(UTC) - timedelta(hours=25))
        for procedure in (
            # Rewrite a file with any deleted row, because every reader would have to filter these out.
            f"rewrite_data_files(table => '{name}', options => map('delete-file-threshold', '1', 'remove-dangling-deletes', 'true'))",
            f"rewrite_position_delete_files(table => '{name}')",
            f"rewrite_manifests(table => '{name}')",
            self.expiring(self.spec.database, table, before),
            f"remove_orphan_files(table => '{name}', older_than => {_timestamp(unfinished)}, prefix_listing => true)",
        ):
            self.spark.sql(f"CALL lake.system.{procedure}")

    @staticmethod
    def expiring(database: str, table: Table, before: datetime) -> str:
        """The call of a procedure that deletes files, including manifests, that only versions from before a time
        need."""
        name = f"{quoted(database)}.{quoted(table.entry)}"
        return f"expire_snapshots(table => '{name}', older_than => {_timestamp(before)}, retain_last => 1)"

    def commits(self, table: Table) -> Iterator[str]:
        jvm: Any = self.spark.sparkContext._jvm
        loaded = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, self.named(table))
        snapshot = loaded.currentSnapshot()
        while snapshot is not None:
            if read := snapshot.summary().get(READ):
                yield str(read)
            parent = snapshot.parentId()
            snapshot = None if parent is None else loaded.snapshot(parent)

    def commit(self, statement: str, read: str) -> None:
        # A snapshot's properties are passed to the call, not to a session. The setting
        # spark.sql.iceberg.snapshot-property.* has no effect on a MERGE (seen with 1.10.0 on Spark 3.5.6).
        jvm: Any = self.spark.sparkContext._jvm
        properties = jvm.java.util.HashMap()
        properties.put(READ, read)
        call = _Call(self.spark, statement)
        jvm.org.apache.iceberg.spark.CommitMetadata.withCommitProperties(properties, call, jvm.java.lang.Class.forName("java.lang.RuntimeException"))
        if call.error:
            raise call.error


def _timestamp(at: datetime) -> str:
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'"


class _Call:
    """A java.util.concurrent.Callable that runs a statement."""

    class Java:
        implements = ["java.util.concurrent.Callable"]

    def __init__(self, spark: SparkSession, statement: str) -> None:
        from pyspark.java_gateway import ensure_callback_server_started

        start: Any = ensure_callback_server_started  # it has no types
        start(spark.sparkContext._gateway)
        self._spark, self._statement = spark, statement
        self.error: Exception | None = None

    def call(self) -> None:
        try:
            self._spark.sql(self._statement)
        except Exception as e:  # it would reach Java as a text
            self.error = e


class Delta(Format):
    """Delta Lake 3.3 without deletion vectors, which Athena does not read."""

    settings = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    # The log beside the files defines the table, so nobody loads these classes. They are those that Spark writes:
    # https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-getting-started.html.
    storage = Storage(
        "org.apache.hadoop.mapred.SequenceFileInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        {"table_type": "DELTA", "classification": "delta", "spark.sql.sources.provider": "delta"},
    )

    def named(self, table: Table) -> str:
        return f"delta.{quoted(self.location(table))}"

    def exists(self, table: Table) -> bool:
        jvm: Any = self.spark.sparkContext._jvm
        return bool(jvm.io.delta.tables.DeltaTable.isDeltaTable(self.spark._jsparkSession, self.location(table)))

    def create(self, table: Table) -> None:
        properties = "TBLPROPERTIES ('delta.enableDeletionVectors'='false')"
        self.spark.sql(f"CREATE TABLE {self.named(table)} ({self.definition(columns_of(table))}) USING delta {properties}")

    def rewrite(self, table: Table, read: str) -> None:
        # Spark 3.5.6 refuses CREATE OR REPLACE TABLE AS SELECT with this Delta Lake: https://github.com/delta-io/delta/issues/4671.
        settings = {"overwriteSchema": "true", "userMetadata": f"{READ}={read}"}
        self.spark.sql(self.cast(table)).write.format("delta").mode("overwrite").options(**settings).save(self.location(table))

    def upkeep(self, table: Table, before: datetime) -> None:
        self.spark.sql(f"OPTIMIZE {self.named(table)}")
        hours = max(0, int((datetime.now(UTC) - before).total_seconds() // 3600))
        self.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")  # the time is ours to choose: one run at a time writes
        self.spark.sql(f"VACUUM {self.named(table)} RETAIN {hours} HOURS")

    def commits(self, table: Table) -> Iterator[str]:
        history = (
            self.spark.sql(f"DESCRIBE HISTORY {self.named(table)}")
            .select("version", "userMetadata")
            .where("userMetadata IS NOT NULL")
            .orderBy("version", ascending=False)
        )
        yield from (row.userMetadata.removeprefix(READ + "=") for row in history.collect() if row.userMetadata.startswith(READ + "="))

    def commit(self, statement: str, read: str) -> None:
        setting = "spark.databricks.delta.commitInfo.userMetadata"
        self.spark.conf.set(setting, f"{READ}={read}")
        try:
            self.spark.sql(statement)
        finally:
            self.spark.conf.unset(setting)


class Hudi(Format):
    """Apache Hudi 1.0, copy on write, in table version 6: Athena reads tables of Hudi 0.14 and 0.15, which write that."""

    settings = {
        "spark.sql.extensions": "org.apache.spark.sql.hudi.HoodieSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryo.registrator": "org.apache.spark.HoodieSparkKryoRegistrar",
    }
    # Every write has these options. Hudi's own index of each column's minimum and maximum keeps those of
    # deleted rows, whatever is cleaned. An erased row could be read there.
    _written: Mapping[str, str] = {"hoodie.write.table.version": "6", "hoodie.metadata.index.column.stats.enable": "false"}
    # https://docs.aws.amazon.com/athena/latest/ug/querying-hudi-copy-on-write-create-table-examples.html
    storage = Storage(
        "org.apache.hudi.hadoop.HoodieParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    )

    def named(self, table: Table) -> str:
        return quoted(table.name)

    def exists(self, table: Table) -> bool:
        jvm: Any = self.spark.sparkContext._jvm
        path = jvm.org.apache.hadoop.fs.Path(self.location(table) + "/.hoodie/hoodie.properties")
        found = bool(path.getFileSystem(self.spark.sparkContext._jsc.hadoopConfiguration()).exists(path))
        if found and not self.spark.catalog.tableExists(table.name):
            self._enter(table)
        return found

    def _enter(self, table: Table) -> None:
        """Tells the session about the existing table."""
        self.spark.sql(f"CREATE TABLE {self.named(table)} USING hudi LOCATION '{self.location(table)}'")

    def create(self, table: Table) -> None:
        properties = {
            "type": "cow", "primaryKey": "cdc_key", "preCombineField": "cdc_version", "hoodie.write.table.version": "6",
            "hoodie.table.version": "6", "hoodie.datasource.write.row.writer.enable": "false",
        }  # fmt: skip
        listed = ", ".join(f"'{k}'='{v}'" for k, v in properties.items())
        self.spark.sql(
            f"CREATE TABLE {self.named(table)} ({self.definition(columns_of(table))}) USING hudi TBLPROPERTIES ({listed}) LOCATION '{self.location(table)}'"
        )

    def commits(self, table: Table) -> Iterator[str]:
        jvm: Any = self.spark.sparkContext._jvm
        conf = jvm.org.apache.hudi.storage.hadoop.HadoopStorageConfiguration(self.spark.sparkContext._jsc.hadoopConfiguration())
        meta = jvm.org.apache.hudi.common.table.HoodieTableMetaClient.builder().setConf(conf).setBasePath(self.location(table)).build()
        timeline = meta.getActiveTimeline().getCommitsTimeline().filterCompletedInstants()
        for instant in timeline.getReverseOrderedInstants().iterator():
            read = timeline.readCommitMetadata(instant).getMetadata(f"hoodie.{READ}")
            if read:
                yield str(read)

    def rewrite(self, table: Table, read: str) -> None:
        settings = self._told(read) | {
            "hoodie.table.name": table.name, "hoodie.datasource.write.recordkey.field": "cdc_key", "hoodie.datasource.write.precombine.field": "cdc_version",
            "hoodie.datasource.write.operation": "insert_overwrite_table", "hoodie.datasource.write.row.writer.enable": "false",
            # Hudi 1.0.2 refuses a decimal with more digits, also with hoodie.avro.schema.validate=false.
            # This setting permits it. It would also let columns disappear, but `cast` keeps all columns.
            "hoodie.datasource.write.schema.allow.auto.evolution.column.drop": "true",
        }  # fmt: skip
        self.spark.sql(self.cast(table)).write.format("hudi").options(**settings).mode("append").save(self.location(table))
        self.spark.sql(f"DROP TABLE {self.named(table)}")  # the session's entry, which has the former types: the files stay
        self._enter(table)

    def upkeep(self, table: Table, before: datetime) -> None:
        hours = max(1, int((datetime.now(UTC) - before).total_seconds() // 3600))
        self.spark.sql(self.cleaning(table, f"clean_policy => 'KEEP_LATEST_BY_HOURS', hours_retained => {hours}"))

    @staticmethod
    def cleaning(table: Table, policy: str) -> str:
        """The statement that deletes files of former versions. Without the table's version Hudi 1.0.2 assumes its own
        version."""
        options = ",".join(f"{name}={value}" for name, value in Hudi._written.items())
        return f"CALL run_clean(table => '{table.name}', {policy}, options => '{options}')"

    @staticmethod
    def _told(read: str) -> dict[str, str]:
        return {"hoodie.datasource.write.commitmeta.key.prefix": "hoodie.cdc.", f"hoodie.{READ}": read, **Hudi._written}

    def commit(self, statement: str, read: str) -> None:
        settings = self._told(read)
        for name, value in settings.items():
            self.spark.conf.set(name, value)
        try:
            self.spark.sql(statement)
        finally:
            for name in settings:
                self.spark.conf.unset(name)


FORMATS: Mapping[str, type[Format]] = {"iceberg": Iceberg, "delta": Delta, "hudi": Hudi}


def session(name: str, settings: Mapping[str, str]) -> SparkSession:
    """A Spark session for a format. It keeps the environment's configuration (Glue's arguments, spark-defaults.conf)."""
    builder = SparkSession.builder.appName("cdc tables")
    common = {
        "spark.sql.session.timeZone": "UTC",
        # Keep times before 1900 and days before 1582 unchanged, and microseconds.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    }
    for key, value in (common | dict(FORMATS[name].settings) | dict(settings)).items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark
