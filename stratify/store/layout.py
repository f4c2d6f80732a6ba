"""What stands in the store: the domains, their columns, and how people are spread over buckets."""

from __future__ import annotations

PEOPLE_PER_BUCKET = 25_000
ROW_GROUP = 10_000
PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"

# People are spread by the MD5 of their source id and numbered inside their bucket in the order of the ids: number =
# bucket + place x buckets. So who comes or goes changes the numbers of one bucket, not of all. The price: buckets are
# not filled alike, and with more than one of them a few numbers (about one in a hundred) are nobody's.
BUCKET_OF = "(" + " + ".join(
    f"{16**place} * (strpos('0123456789abcdef', substr(md5(source_id), {place + 1}, 1)) - 1)" for place in range(6)
) + ")"  # fmt: skip

DOMAINS: dict[str, dict[str, str]] = {
    "diagnosis": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "kind": "VARCHAR", "care": "VARCHAR",
                  "setting": "VARCHAR", "refuted": "BOOLEAN"},
    "condition": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "until": "INTEGER"},
    "contact": {"day": "INTEGER", "known": "INTEGER", "end_day": "INTEGER", "start_min": "BIGINT",
                "end_min": "BIGINT", "setting": "VARCHAR", "acute": "BOOLEAN", "care": "VARCHAR", "unit": "VARCHAR"},
    "stay": {"day": "INTEGER", "known": "INTEGER", "start_min": "BIGINT", "end_min": "BIGINT", "end_day": "INTEGER",
             "end_known": "INTEGER", "hours": "DOUBLE", "acute": "BOOLEAN", "care": "VARCHAR",
             "admission": "BOOLEAN", "unit_first": "VARCHAR", "unit_last": "VARCHAR", "first_code": "VARCHAR"},
    "drug": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "ddd": "DOUBLE"},
    "lab": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "value": "DOUBLE", "comparator": "VARCHAR"},
    "household": {"day": "INTEGER", "known": "INTEGER", "value": "DOUBLE"},
    "origin": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "education": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "service": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "practice": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "procedure": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "kind": "VARCHAR", "care": "VARCHAR",
                  "setting": "VARCHAR"},
    "municipal": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "value": "DOUBLE", "end_day": "INTEGER",
                  "end_known": "INTEGER"},
    "communication": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "language": "VARCHAR"},
    "coercion": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "occupation": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "income": {"day": "INTEGER", "known": "INTEGER", "value": "DOUBLE"},
    "distance": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "value": "DOUBLE"},
    "out_of_hours": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "start_min": "BIGINT"},
    "ambulance": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR", "outcome": "VARCHAR",
                  "start_min": "BIGINT"},
}  # fmt: skip


def buckets(people: int) -> int:
    """Return into how many buckets a number of people is spread; a person's bucket is number % buckets."""
    return max(1, -(-people // PEOPLE_PER_BUCKET))


def bucket_file(domain: str, bucket: int) -> str:
    """Return a bucket's path inside the store."""
    return f"{domain}/bucket={bucket:03d}.parquet"
