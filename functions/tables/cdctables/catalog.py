"""The tables' entries in the Glue Data Catalog. An entry maps a name to files, so it alone determines which epoch of
a table is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Storage:
    """The classes and parameters with which Athena reads files."""

    input_format: str
    output_format: str
    serde: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Catalog:
    """A database of the catalog. `glue` is a boto3 client."""

    def __init__(self, glue: Any, database: str) -> None:
        self._glue, self._database = glue, database

    def location(self, name: str) -> str | None:
        """Location of the files that a name shows, without a trailing slash; None when the name does not exist."""
        found = self._entry(name)
        return found["StorageDescriptor"]["Location"].rstrip("/") if found else None

    def show(self, name: str, location: str, columns: Mapping[str, str], storage: Storage) -> None:
        """Makes a name show files. It changes nothing when the name already does."""
        listed = [{"Name": column, "Type": type_} for column, type_ in columns.items()]
        found = self._entry(name)
        if (
            found
            and found["StorageDescriptor"]["Location"] == location
            and [(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]] == list(columns.items())
        ):
            return
        entry = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **storage.parameters},
            "StorageDescriptor": {
                "Location": location,
                "Columns": listed,
                "InputFormat": storage.input_format,
                "OutputFormat": storage.output_format,
                "SerdeInfo": {"SerializationLibrary": storage.serde, "Parameters": {"serialization.format": "1", "path": location}},
            },
        }
        self._put(entry, found is not None)

    def take(self, name: str, other: str) -> None:
        """Makes a name show what another name shows, and removes the other. It can be repeated after an interruption."""
        found = self._entry(other)
        if not found:
            return
        entry = {
            k: v
            for k, v in found.items()
            if k in ("Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
        }
        self._put({**entry, "Name": name}, self._entry(name) is not None)
        self.forget(other)

    def forget(self, name: str) -> None:
        """Removes an entry. The files stay."""
        try:
            self._glue.delete_table(DatabaseName=self._database, Name=name)
        except self._glue.exceptions.EntityNotFoundException:
            pass

    def _entry(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._glue.get_table(DatabaseName=self._database, Name=name)["Table"])
        except self._glue.exceptions.EntityNotFoundException:
            return None

    def _put(self, entry: Mapping[str, Any], known: bool) -> None:
        if known:
            self._glue.update_table(DatabaseName=self._database, TableInput=entry, SkipArchive=True)
        else:
            self._glue.create_table(DatabaseName=self._database, TableInput=entry)
