"""The report of a region: what stands on the page, what is hidden in it, and the pictures."""

import math
import re
from html.parser import HTMLParser

import duckdb
import numpy as np
import pytest

from pipelines.synthesis import pictures, report
from pipelines.synthesis.measures import curves, prepare
from pipelines.synthesis.measures.curves import Odds, Point, Together
from pipelines.synthesis.page import Result, missed
from pipelines.synthesis.report import Summary, lines, main, summary, write_report
from pipelines.synthesis.targets import Measured, load
from stratify.errors import DataError, UsageError

PEOPLE = 3000
# A region drawn in SQL: not like life, but every table has rows, some of them few.
REGISTERS = {
    "bef": "SELECT pnr, koen, foed_dag, make_date(y - 1, 12, 31) AS referencetid, kom FROM people, years",
    "dod": "SELECT pnr, DATE '2023-05-01' + (i % 300)::INTEGER AS doddato FROM people WHERE dies",
    "udda": "SELECT pnr, (y - 1)::SMALLINT AS aar, ['10', '35', '70'][i % 3 + 1] AS hfaudd FROM people, years",
    "lmdb": "SELECT pnr, make_date(y, 1 + d % 6, 3) AS eksd, 'C10AA0' || d AS atc "
    "FROM people, years, range(8) AS r(d) WHERE i % 9 >= d",
    "lpr_adm": "SELECT pnr, 'a' || i AS recnum, DATE '2018-03-01' AS d_inddto, DATE '2018-03-04' AS d_uddto, "
    "8 AS v_indtime, 0 AS v_indminut, 'DI509' AS c_adiag, '0' AS c_pattype, '1' AS c_indm FROM people WHERE i % 40 = 0",
    "lpr_diag": "SELECT 'a' || i AS recnum, 'DI509' AS c_diag, 'A' AS c_diagtype FROM people WHERE i % 40 = 0",
    "t_psyk_adm": "SELECT pnr AS v_cpr, 'p' || i AS k_recnum, DATE '2018-03-01' AS d_inddto, "
    "DATE '2018-03-04' AS d_uddto, 8 AS v_indtime, 0 AS v_indminut, 'DF200' AS c_adiag, '0' AS c_pattype, "
    "'1' AS c_indm FROM people WHERE i % 50 = 0",
    "t_psyk_diag": "SELECT 'p' || i AS v_recnum, 'DF200' AS c_diag, 'A' AS c_diagtype FROM people WHERE i % 50 = 0",
    "lpr_a_kontakt": "SELECT pnr, 'k' || i || y AS dw_ek_kontakt, make_timestamp(y, 1 + i % 12, 5, 8, 0, 0) AS "
    "kont_starttidspunkt, kont_starttidspunkt + to_hours(30) AS kont_sluttidspunkt, 'ALCA00' AS kont_type, "
    "'ATA1' AS prioritet, 'Kirurgi' AS kont_ans_hovedspec, 'DJ189' AS adiag, 'LPR3' AS lprindberetningssystem "
    "FROM people, years WHERE i % 7 = 0 OR (acute AND y = 2024)",
    "lpr_a_diagnose": "SELECT 'k' || i || y AS dw_ek_kontakt, 'DJ189' AS diag_kode, 'A' AS diag_kode_type, "
    "'Nej' AS senere_afkraeftet FROM people, years WHERE i % 7 = 0",
}
CONDITIONS = ("hypertension", "copd", "depression", "schizophrenia", "t2d")
TRUTH = {
    "truth_year": "SELECT pnr, y::SMALLINT AS year, acute AND y = 2024 AS acute_admission, "
    "i % 11 = 0 AS acsc_admission, dies AND year(DATE '2023-05-01' + (i % 300)::INTEGER) = y AS death, "
    "true AS at_risk_whole_year FROM people, years WHERE NOT dies OR year(DATE '2023-05-01' + (i % 300)::INTEGER) >= y",
    "truth_state": "SELECT pnr, c AS condition, DATE '2015-01-01' AS onset, DATE '2016-01-01' AS recognised "
    f"FROM people, (SELECT unnest({list(CONDITIONS)}) AS c, unnest(range(5)) AS nth) "
    "WHERE (i * 7 + nth * 3) % (4 + 5 * nth) = 0 AND sick",
    "truth_person": "SELECT pnr, (i * 31 % 100) / 10.0 AS resources FROM people",
    "truth_family": "SELECT 'f' || i AS familie_id, 2024::SMALLINT AS year, kom::VARCHAR AS kom, 1 AS children, "
    "kom = 741 AND i < 200 OR kom = 615 AND i % 13 = 0 OR kom = 751 AND i % 3 = 0 AS marked FROM people WHERE i < 600",
    "truth_risk": "SELECT pnr, 2024::SMALLINT AS year FROM people",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The region's registers and its truth, as files."""
    root = tmp_path_factory.mktemp("drawn")
    with duckdb.connect() as con:
        con.execute(
            f"CREATE TABLE people AS SELECT i, printf('%012d', i) AS pnr, (1 + i % 2)::TINYINT AS koen, "
            "(DATE '1925-01-01' + (i * 37 % 33000)::INTEGER) AS foed_dag, [615, 751, 741][CASE WHEN i % 60 = 0 THEN 3 "
            "ELSE 1 + i % 2 END]::SMALLINT AS kom, i % 23 = 0 AS dies, i % 5 = 0 AS acute, "
            f"foed_dag < DATE '1990-01-01' AS sick FROM range({PEOPLE}) AS r(i)"
        )
        con.execute("CREATE TABLE years AS SELECT unnest([2023, 2024]) AS y")
        for name, tables in (("registers", REGISTERS), ("truth", TRUTH)):
            for table, sql in tables.items():
                (root / name / table).mkdir(parents=True)
                con.execute(f"COPY ({sql}) TO '{root / name / table}/{table}_00.parquet' (FORMAT parquet)")
    return root / "registers", root / "truth"


@pytest.fixture(scope="module")
def written(folders, tmp_path_factory):
    """The page and its summary."""
    out = tmp_path_factory.mktemp("report") / "region.html"
    told = {"seed": 7, "people": 20_000, "years": 2, "parameters": "0123abcd"}
    edges = [("only psychiatry before 2019", 41), ("score 0 & <none>", 3)]
    return write_report(*folders, out, told=told, edges=edges), out


@pytest.fixture(scope="module")
def page(written):
    return written[1].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def region(folders):
    con = duckdb.connect()
    for folder in folders:
        for table in folder.iterdir():
            con.execute(f"CREATE VIEW {table.name} AS FROM read_parquet('{table}/*.parquet')")
    return prepare(con)


class Balance(HTMLParser):
    """Counts what is opened and not closed."""

    VOID = ("meta", "br", "rect", "circle", "line", "path")

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def of(target_id, value, se=0.0):
    return Result(next(target for target in load().targets if target.id == target_id), Measured(value, se))


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_else(page):
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "<link" not in page
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", page)
    assert "url(" not in page
    assert "@import" not in page


def test_every_tag_is_closed(page):
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


def test_it_says_first_that_the_data_are_synthetic(page):
    body = page[page.index("<main>") :]
    assert body.startswith("<main><p class='statement'><b>Synthetic data.</b>")


def test_the_count_and_the_misses_stand_before_the_table_of_all(page, written):
    found, _ = written
    assert f"<span class='big'>{found.inside}</span>" in page
    assert f"of {found.used} targets inside" in page
    assert page.index("targets inside") < page.index("Not met, furthest off first") < page.index("<h2 id='targets'>")
    first = page[page.index("Not met, furthest off first") : page.index("<h2 id='targets'>")]
    assert first.count("<tr>") - 1 == found.used - found.inside == len(found.misses)


def test_every_target_stands_in_the_table_with_word_and_shape(page, written):
    table = page[page.index("<h2 id='targets'>") : page.index("<h2 id='pictures'>")]
    found, _ = written
    for target in load().targets:
        assert target.what in table.replace("&#x27;", "'")
    assert table.count("● inside") == found.inside
    assert table.count("▲ outside") + table.count("▲ too few to tell") == found.used - found.inside
    assert "▲ too few to tell" in table


def test_every_figure_not_used_stands_there_with_its_reason(page):
    part = page[page.index("<h2 id='notused'>") :]
    for group in load().not_used:
        assert all(row.metric.replace(">", "&gt;") in part for row in group.rows)
    assert part.count("<tr>") == len(load().not_used) + 1


def test_what_the_run_says_of_itself_is_shown(page):
    for words in ("<dt>seed</dt><dd>7</dd>", "<dd>20,000</dd>", "<dd>0123abcd</dd>", "<dd>2023 to 2024</dd>"):
        assert words in page


def test_small_groups_are_hidden_and_names_are_escaped(page):
    assert "<td>only psychiatry before 2019</td><td class='n'>41</td>" in page
    assert "<td>score 0 &amp; &lt;none&gt;</td><td class='n'>&lt;5</td>" in page


def test_families_are_counted_by_municipality_and_a_lone_hidden_count_hides_its_neighbour(page):
    part = page[page.index("<h2 id='families'>") : page.index("<h2 id='edges'>")]
    rows = re.findall(
        r"<tr><td>([^<]*)</td><td class='n'>(\d+)</td><td class='n'>(\d+)</td><td class='n'>([^/]*)</td>", part
    )
    assert [row[0] for row in rows] == ["Horsens", "Samsø", "Aarhus"]
    assert sum(int(row[2]) for row in rows) == 600
    told = {row[0]: row[3] for row in rows}
    assert told["Samsø"] == "&lt;5"
    assert told["Horsens"] == "hidden"
    assert int(told["Aarhus"]) > 5


def test_the_same_region_gives_the_same_page(folders, tmp_path, page):
    told = {"seed": 7, "people": 20_000, "years": 2, "parameters": "0123abcd"}
    edges = [("only psychiatry before 2019", 41), ("score 0 & <none>", 3)]
    write_report(*folders, tmp_path / "again.html", told=told, edges=edges)
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_nothing_is_written_where_a_table_is_not_there(folders, tmp_path):
    out = tmp_path / "region.html"
    with pytest.raises(DataError, match="truth_risk"):
        write_report(folders[0], tmp_path, out, told={}, edges=())
    with pytest.raises(DataError, match="bef"):
        write_report(tmp_path, folders[1], out, told={}, edges=())
    assert list(tmp_path.iterdir()) == []


# --- the summary and the loop of calibration -------------------------------------------------------------------------


def test_the_misses_are_told_furthest_off_first():
    results = [of("copd", 5.5), of("hypertension", 23.0), of("asthma", 1.0), of("deaths", math.nan, math.nan)]
    assert [result.target.id for result in missed(results)] == ["deaths", "asthma", "copd"]
    assert summary(results) == Summary(
        4,
        1,
        (
            "Deaths: wanted 9.77 per 1000 a year ± 0.98, came out –",
            "Asthma: wanted 7.90 % ± 0.79, came out 1.00",
            "COPD: wanted 4.70 % ± 0.47, came out 5.50",
        ),
    )


def test_a_line_for_each_target_and_the_total():
    *each, total = lines([of("copd", 5.5, 0.1), of("hypertension", 23.0)])
    assert [line.split()[0] for line in each] == ["copd", "hypertension"]
    assert each[0].endswith("OUTSIDE")
    assert each[1].endswith("inside")
    assert total == "1 of 2 inside (50 %)"


def test_called_by_hand_it_writes_and_prints(folders, tmp_path, capsys):
    main([*map(str, folders), str(tmp_path / "region.html")])
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(load().targets) + 1
    assert (tmp_path / "region.html").stat().st_size > 50_000


def test_called_by_hand_with_too_few_words_it_says_what_it_needs():
    with pytest.raises(UsageError, match="REGISTERS TRUTH OUT"):
        main(["registers"])


def test_memory_is_limited(folders):
    with report._opened(*folders) as opened:
        limit, spill = opened.con.execute(
            "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        ).fetchone()
    assert limit.startswith("2.7 GiB")
    assert "region-report-" in spill


# --- what the pictures show ------------------------------------------------------------------------------------------


def test_points_of_few_people_are_left_out(region):
    for found in (curves.multimorbid_by_age(region), *curves.prevalence_by_age(region).values()):
        for points in found.values():
            assert all(0 <= point.y <= 100 for point in points)
    people = "SELECT count(*) FROM person_years WHERE year = 2024 AND age >= 90 AND woman"
    assert region.con.execute(people).fetchone()[0] > 0
    schizophrenia = curves.prevalence_by_age(region)["Schizophrenia"]["Women"]
    assert all(point.y == 0 or point.y * 0.01 * PEOPLE > 4 for point in schizophrenia)


def test_conditions_that_are_independent_meet_as_often_as_expected(region):
    region.con.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM states")
    try:
        region.con.execute(
            "CREATE OR REPLACE TEMP TABLE states AS SELECT pnr, e AS entry, 'x' AS system, false AS psychiatric, "
            "DATE '2010-01-01' AS onset, DATE '2010-01-01' AS recognised FROM persons, "
            "(SELECT unnest(['a', 'b', 'c']) AS e) WHERE CASE e WHEN 'a' THEN md5_number_lower(pnr) % 2 = 0 "
            "WHEN 'b' THEN md5_number_upper(pnr) % 3 = 0 ELSE md5_number_lower(pnr) % 2 = 0 END"
        )
        found = curves.together(region)
    finally:
        region.con.execute("CREATE OR REPLACE TEMP TABLE states AS FROM kept")
    lift = {(found.names[i], found.names[j]): found.lift[i][j] for i in range(3) for j in range(3)}
    assert lift["a", "a"] is None
    assert lift["a", "b"] == lift["b", "a"] == pytest.approx(1, abs=0.12)
    assert lift["a", "c"] == pytest.approx(2, abs=0.12)


def test_odds_of_admission_are_held_against_the_first_of_each_group(region):
    found = curves.odds_of_admission(region)
    assert {name: group[0] for name, group in found.items()} == {
        "What people have": Odds("Neither", 1.0),
        "Education": Odds("Long (40-80)", 1.0),
    }
    for group in found.values():
        for odds in group[1:]:
            assert odds.value is None or odds.low < odds.value < odds.high


def test_admissions_of_a_month_are_per_thousand_and_thirty_days(region):
    points = curves.admissions_by_month(region)["Acute somatic"]
    assert len(points) == 24
    (n,) = region.con.execute(
        "SELECT count(*) FROM stays WHERE care = 'somatic' AND admission AND month(start_at) = 1 "
        "AND year(start_at) = 2023"
    ).fetchone()
    (people,) = region.con.execute("SELECT sum(years) FROM person_years WHERE year = 2023").fetchone()
    assert points[0] == pytest.approx((2023 + 0.5 / 12, n / people * 1000 * 30 / 31, None, None))


def test_mortality_rests_on_five_deaths_or_more(region):
    for points in curves.mortality_by_age(region).values():
        for point in points:
            deaths = (1.96 * 2 / math.log(point.high / point.low)) ** 2
            assert deaths >= 5


# --- drawing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "low, high, wanted, told",
    [(0, 100, 4, [0, 25, 50, 75, 100]), (0.2, 1, 4, [0.2, 0.4, 0.6, 0.8, 1.0]), (3, 17, 3, [5, 10, 15])],
)
def test_ticks_are_round(low, high, wanted, told):
    assert pictures.ticks(low, high, wanted) == pytest.approx(told)


def test_a_scale_keeps_what_lies_outside_at_its_edge():
    scale = pictures.Scale(0, 10, 100, 0)
    assert [scale(value) for value in (-5, 0, 5, 20)] == [100, 100, 50, 0]


@pytest.mark.parametrize(
    "value, shape",
    [(10.0, "<circle"), (10.9, "<circle"), (12.0, '<path class="dot out"'), (90.0, '<path class="dot out"')],
)
def test_a_strip_has_a_dot_inside_and_a_triangle_outside(value, shape):
    drawn = pictures.strip(value, 10.0, 1.0)
    assert shape in drawn
    assert drawn.count("dot") == 1


def test_a_strip_of_what_cannot_be_told_has_no_mark():
    assert "dot" not in pictures.strip(math.nan, 10.0, 1.0)


def test_curves_differ_in_stroke_and_mark_and_names_are_escaped():
    series = {"a < b": [Point(0, 1), Point(1, 2)], "c": [Point(0, 2, 1, 3)], "d": []}
    drawn = pictures.lines(series, "t & u", x_range=(0, 1), x_ticks=(0, 1))
    assert 'aria-label="t &amp; u"' in drawn
    assert "a &lt; b" in drawn
    for style in ("curve one", "curve two", "dot one", "dot two", "range two"):
        assert style in drawn
    assert "nan" not in drawn


def test_a_curve_without_any_point_is_drawn_empty():
    drawn = pictures.lines({"a": []}, "t", x_range=(0, 1), x_ticks=(0,))
    assert "<path" not in drawn


def test_odds_that_may_not_be_told_say_so():
    drawn = pictures.forest({"g": [Odds("first", 1.0), Odds("second", None), Odds("third", 2.0, 1.5, 2.7)]}, "t")
    assert "too few to tell" in drawn
    assert "1 (compared with)" in drawn
    assert "2.00 (1.50–2.70)" in drawn


def test_a_heat_map_writes_each_pair_once_and_leaves_the_unknown_empty():
    lift = [[None, 2.0, None], [2.0, None, 0.5], [None, 0.5, None]]
    drawn = pictures.heat(Together(["a", "b", "c"], lift), {"a": "Alpha"}, "t")
    assert drawn.count("<rect") == 3
    assert drawn.count('class="none"') == 1
    assert "Alpha" in drawn
    assert {">2.0<", ">0.5<"} <= set(re.findall(r">[\d.]+<", drawn))
    assert np.isclose(float(re.search(r'class="more"[^>]*fill-opacity="([\d.]+)"', drawn)[1]), 0.5)
