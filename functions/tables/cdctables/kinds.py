"""The kinds of sources: the classes that read each kind's records."""

from __future__ import annotations

from typing import NamedTuple

from cdctables.postgres import PostgresRecord, PostgresSpelling
from cdctables.record import Record, Spelling


class Kind(NamedTuple):
    """The reader of a kind's records."""

    record: type[Record]
    spelling: type[Spelling]


KINDS = {"mysql": Kind(Record, Spelling), "postgresql": Kind(PostgresRecord, PostgresSpelling)}
"""By name, as in a table's specification."""
