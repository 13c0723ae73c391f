"""Looks for a text in every version of every object of a bucket, and prints a line of JSON for each that contains it:
key, version, how.

    marker.py BUCKET TEXT

It searches an object's name, its bytes, compressed parts (gzip and zlib at any offset; Avro blocks), and Parquet
values. AWS_ENDPOINT_URL and the AWS SDKs' variables give the endpoint.
"""

import io
import json
import sys
import zlib

import boto3
import pyarrow.parquet

bucket, text = sys.argv[1], sys.argv[2].encode()


def inflated(body):
    """Everything in the bytes that can be decompressed."""
    for magic, bits in ((b"\x1f\x8b\x08", 31), (b"\x78\x01", 15), (b"\x78\x5e", 15), (b"\x78\x9c", 15), (b"\x78\xda", 15)):
        at = body.find(magic)
        while at >= 0:
            try:
                yield zlib.decompressobj(bits).decompress(body[at:])
            except zlib.error:
                pass
            at = body.find(magic, at + 1)
    if body.startswith(b"Obj\x01"):  # https://avro.apache.org/docs/1.11.1/specification/#object-container-files
        for block in body.split(body[-16:]):
            for at in range(2, min(len(block), 20)):  # after the two counts, of one to ten bytes each
                try:
                    yield zlib.decompressobj(-15).decompress(block[at:])
                except zlib.error:
                    pass


def places(key, body):
    if text in key.encode():
        yield "name"
    if text in body:
        yield "bytes"
    if any(text in part for part in inflated(body)):
        yield "compressed"
    if body[:4] == b"PAR1":
        table = pyarrow.parquet.ParquetFile(io.BytesIO(body)).read()
        if any(text.decode() in str(row) for batch in table.to_batches() for row in batch.to_pylist()):
            yield "parquet"


s3, seen = boto3.client("s3"), 0
for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
    for version in page.get("Versions", ()):
        seen += 1
        try:
            body = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        except s3.exceptions.ClientError as e:
            raise SystemExit(f"{version}: {e}")
        if how := list(places(version["Key"], body)):
            print(json.dumps({"key": version["Key"], "version": version["VersionId"], "latest": version["IsLatest"], "how": how}))
print(json.dumps({"seen": seen}))
