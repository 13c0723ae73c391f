"""The kinds of sources: which classes read the records of each."""

from __future__ import annotations

from typing import NamedTuple

from cdctables.postgres import PostgresRecord, PostgresSpelling
from cdctables.record import Record, Spelling


class Kind(NamedTuple):
    """What reads the records of a kind of source."""

    record: type[Record]
    spelling: type[Spelling]


KINDS = {"mysql": Kind(Record, Spelling), "postgresql": Kind(PostgresRecord, PostgresSpelling)}
"""By their names, as in the specification of a table."""
