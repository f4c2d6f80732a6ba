"""A bucket's file holds the same bytes whatever lies in the other buckets."""

import duckdb

from stratify.store.write import typed, write_bucket


def bytes_of(tmp_path, others: str) -> bytes:
    with duckdb.connect() as con:
        rows = (
            "SELECT 2 * (i % 40) AS person, i AS day, i AS known, i + 3 AS end_day, 1440 * i AS start_min, "
            "1440 * i + 60 AS end_min, 'inpatient' AS setting, i % 2 = 0 AS acute, 'somatic' AS care, 'u' AS unit "
            "FROM range(300) AS t(i)"
        )
        con.execute(
            f"CREATE TABLE landing AS SELECT CAST(e.person AS INTEGER) AS person, {typed('contact')} "
            f"FROM ({rows} {others}) AS e"
        )
        path = tmp_path / "bucket.parquet"
        write_bucket(con, "contact", 0, 2, path)
        assert con.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone() == (300,)
    return path.read_bytes()


def test_rows_of_another_bucket_change_nothing_even_where_they_lack_what_all_others_have(tmp_path):
    alone = bytes_of(tmp_path, "")
    same = bytes_of(tmp_path, "UNION ALL SELECT 1, 5, 5, 6, 1, 2, 'inpatient', true, 'somatic', 'u'")
    lacking = bytes_of(tmp_path, "UNION ALL SELECT 1, 5, 5, NULL, 1, NULL, NULL, NULL, 'somatic', NULL")
    assert alone == same == lacking
