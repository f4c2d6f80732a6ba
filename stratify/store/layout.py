"""What stands in the store: the domains, their columns, and how people are spread over buckets."""

from __future__ import annotations

PEOPLE_PER_BUCKET = 25_000
ROW_GROUP = 10_000

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
    "education": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
    "service": {"day": "INTEGER", "known": "INTEGER", "code": "VARCHAR"},
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
