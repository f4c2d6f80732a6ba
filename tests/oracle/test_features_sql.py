"""The whole matrix against one SQL query written from the catalogue's declarations, cell by cell.

The query is made here, by other means than `stratify.features`: joins of rows and events with filtered aggregates, and
residence as gaps and islands. A small simulated region stands in for real registers.
"""

from datetime import date
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.matrix import read_matrix
from pipelines.simulate_step import Wanted, synthesise_step
from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.definitions import DEFINITIONS
from stratify.features.build import matrix
from stratify.features.columns import columns
from stratify.features.conditions import present
from stratify.features.part import row_of
from stratify.registers.clock import day_number
from stratify.store.layout import DOMAINS
from stratify.store.one import open_reader
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
SWITCH = 17_930  # 3 February 2019: the first day of LPR_A
FOREVER = 1_000_000
VALUED = ("lab", "municipal", "distance", "household", "income")
VALUES = {"stay": "hours / 24.0", "drug": "ddd"} | dict.fromkeys(VALUED, "value")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A finished work folder, up to the matrix, of a small simulated region."""
    found = Workspace(tmp_path_factory.mktemp("region"))
    synthesise_step(found, Wanted(700, 10, 7, date(2024, 12, 31)), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    build_step(found, CATALOGUE, lambda *_: None)
    return found


@pytest.fixture(scope="module")
def built(work):
    return read_matrix(work.features)


@pytest.fixture(scope="module")
def by_sql(work, built):
    """The same by SQL: column name to array, sorted by person and landmark."""
    con = duckdb.connect()
    for name in ("persons", "residence"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{work.store / name}.parquet'")
    for name, kinds in DOMAINS.items():
        path = work.store / name / "*.parquet"
        if (work.store / name).exists():
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}', file_row_number = true)")
        else:  # tables that this region has not: none of their events, and cells that are missing
            typed = ", ".join(f"CAST(NULL AS {kind}) AS {key}" for key, kind in kinds.items())
            con.execute(f"CREATE VIEW {name} AS SELECT CAST(NULL AS INTEGER) AS person, {typed}, 0 AS file_row_number")
    days = sorted(set(built.rows.day.tolist()))
    con.execute("CREATE TABLE landmark AS SELECT unnest(?::INTEGER[]) AS t", [days])
    found = con.execute(whole_query()).fetchnumpy()
    told = {name: np.ma.filled(values.astype(np.float64), np.nan) for name, values in found.items()}
    absent = [f.id for f in CATALOGUE.features.values() if f.domain in DOMAINS and not (work.store / f.domain).exists()]
    lacking = [c.id for c in columns(CATALOGUE) if c.family.id in absent and c.family.domain != "condition"]
    return told | {name: np.full(len(built.rows), np.nan) for name in lacking}


# --- the query -------------------------------------------------------------------------------------------------------


def whole_query():
    """One query: who is in the cohort on which landmark, and every column of each."""
    parts = ["cohort", "conditions"]
    ctes = [
        *RESIDENTS,
        f"drug_rules AS ({drug_rules_query()})",
        f"conditions AS ({conditions_query()})",
        f"cohort AS ({COHORT})",
    ]
    for family in CATALOGUE.features.values():
        if family.per == "flag":
            ctes.append(f"f_{family.id} AS ({flags_query(family)})")
            parts.append(f"f_{family.id}")
        elif family.domain not in ("person", "condition"):
            ctes.append(f"f_{family.id} AS ({windowed_query(family)})")
            parts.append(f"f_{family.id}")
        elif family.index is not None:
            ctes.append(f"f_{family.id} AS ({index_query(CATALOGUE.indices[family.index])})")
            parts.append(f"f_{family.id}")
    joined = "cohort" + "".join(f" LEFT JOIN {part} USING (person, t)" for part in parts[1:])
    return f"WITH {', '.join(ctes)} SELECT * FROM {joined} ORDER BY person, t"


RESIDENTS = [
    """stretch AS (
        SELECT person, start, coalesce("end", 1000000) AS until, max(coalesce("end", 1000000)) OVER (
            PARTITION BY person ORDER BY start, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM residence)""",
    """island AS (
        SELECT *, sum(CASE WHEN before IS NULL OR start > before THEN 1 ELSE 0 END) OVER (
            PARTITION BY person ORDER BY start, until ROWS UNBOUNDED PRECEDING) AS nth FROM stretch)""",
    "spell AS (SELECT person, min(start) AS since, max(until) AS until FROM island GROUP BY person, nth)",
    """adult AS (
        SELECT p.person, t, since, birth, sex FROM persons AS p JOIN spell USING (person) JOIN landmark
            ON since <= t AND t < until
        WHERE (death IS NULL OR t < death)
          AND DATE '1970-01-01' + birth + INTERVAL 18 YEAR <= DATE '1970-01-01' + t)""",
]
COHORT = """
    SELECT person, t, (t - birth) / 365.25 AS person_age,
           CASE sex WHEN 2 THEN 1.0 WHEN 1 THEN 0.0 END AS person_female,
           least(t - since, 1825) AS person_resident_days, CAST(t - since < 365 AS INTEGER) AS person_newcomer,
           (SELECT count(DISTINCT day) FROM (SELECT unnest(range(greatest(r.start, adult.t - 30),
                least(coalesce(r."end", adult.t), adult.t))) AS day FROM residence AS r
                WHERE r.person = adult.person)) AS person_covered_30,
           (SELECT count(DISTINCT day) FROM (SELECT unnest(range(greatest(r.start, adult.t - 365),
                least(coalesce(r."end", adult.t), adult.t))) AS day FROM residence AS r
                WHERE r.person = adult.person)) AS person_covered_365,
           (SELECT count(DISTINCT day) FROM (SELECT unnest(range(greatest(r.start, adult.t - 1825),
                least(coalesce(r."end", adult.t), adult.t))) AS day FROM residence AS r
                WHERE r.person = adult.person)) AS person_covered_1825
    FROM adult JOIN conditions USING (person, t) WHERE n_conditions >= 2"""


def conditions_query():
    """Conditions within their look-back and how many of them count."""
    cells, holds = [], {}
    diagnosed = {
        c.id: f"(count(*) FILTER (code = '{c.id}' AND t - day <= {c.lookback_days or FOREVER}) > 0)"
        for c in CATALOGUE.conditions.values()
    }
    told = {c.id: " OR ".join([diagnosed[c.id], *(f"drug_{c.id}_{n}" for n, _ in enumerate(c.drugs))])
            for c in CATALOGUE.conditions.values()}  # fmt: skip
    for c in CATALOGUE.conditions.values():
        rules = []
        for n, rule in enumerate(
            c.drugs
        ):  # a rule with unless hears of the others' own rules, not of those with unless
            beside = [
                diagnosed[other] if any(r.unless for r in CATALOGUE.conditions[other].drugs) else told[other]
                for other in rule.unless
            ]
            rules.append(f"(drug_{c.id}_{n}" + (f" AND NOT ({' OR '.join(beside)})" if beside else "") + ")")
        holds[c.id] = f"({' OR '.join([diagnosed[c.id], *rules])})"
        cells.append(f"CAST({holds[c.id]} AS INTEGER) AS condition_{c.id}")
    whole = [c for c in CATALOGUE.conditions.values() if c.part_of is None]
    counted = " + ".join(f"CAST({holds[c.id]} AS INTEGER)" for c in whole)
    names = [f"drug_{c.id}_{n}" for c in CATALOGUE.conditions.values() for n, _ in enumerate(c.drugs)]
    return f"""SELECT a.person, a.t, {", ".join(cells)}, {counted} AS n_conditions
        FROM (SELECT * FROM adult JOIN drug_rules USING (person, t)) AS a LEFT JOIN condition AS e
             ON e.person = a.person AND e.day < a.t AND e.known < a.t
             AND (e.until IS NULL OR a.t <= e.until)
        GROUP BY a.person, a.t, {", ".join(names)}"""


def drug_rules_query():
    """Each rule of each condition: days with a redemption of it, or classes redeemed, in the days before t."""
    cells = []
    for c in CATALOGUE.conditions.values():
        for n, rule in enumerate(c.drugs):
            inside = f"e.day >= t - {rule.within_days}"
            classes = [atc_test(one) for one in rule.classes]
            if rule.count == "classes":
                number = " + ".join(f"CAST(coalesce(bool_or({inside} AND {of}), false) AS INTEGER)" for of in classes)
            else:
                number = f"count(DISTINCT e.day) FILTER ({inside} AND ({' OR '.join(classes)}))"
            cells.append(f"({number}) >= {rule.at_least} AS drug_{c.id}_{n}")
    return f"""SELECT adult.person, adult.t, {", ".join(cells)}
        FROM adult LEFT JOIN drug AS e ON e.person = adult.person AND e.day < t AND e.known < t
        GROUP BY adult.person, adult.t"""


def atc_test(one):
    inside = " OR ".join(f"e.code LIKE '{code}%'" for code in one.atc)
    outside = "".join(f" AND e.code NOT LIKE '{code}%'" for code in one.atc_except)
    return f"(({inside}){outside})"


def index_query(index):
    """An index's weighted sum: of groups by diagnosis, by drug and by condition, each within its look-back."""
    has = {}
    for g in index.group:
        tests = [f"(code = '{index.id}.{g.id}' AND cohort.t - day <= {index.lookback_days or FOREVER})"]
        if g.atc:
            drugs = " OR ".join(f"code LIKE 'drug {atc}%'" for atc in g.atc)
            unless = " OR ".join(f"code LIKE 'drug {atc}%'" for atc in g.atc_except) or "false"
            tests.append(f"(({drugs}) AND NOT ({unless}) AND cohort.t - day <= {index.lookback_days or FOREVER})")
        held = [f"any_value(c.condition_{key}) = 1" for key in g.conditions]
        counted = f"count(*) FILTER ({' OR '.join(tests)}) > 0"
        has[g.id] = f"({' OR '.join([counted, *held])})"
    cells = []
    for name in index.weightings:
        terms = [
            f"CASE WHEN {has[g.id]}"
            + (f" AND NOT {has[g.superseded_by]}" if g.superseded_by and index.supersede else "")
            + f" THEN CAST({g.weights[name]} AS DECIMAL(9, 3)) ELSE 0 END"
            for g in index.group
        ]
        whole = f"CAST({' + '.join(terms)} AS DOUBLE)"
        young = f"any_value(person_age) < {index.min_age}" if index.min_age else "false"
        cells.append(f"CASE WHEN {young} THEN NULL ELSE {whole} END AS {index.id}_{name}")
    return f"""SELECT cohort.person, cohort.t, {", ".join(cells)}
        FROM cohort JOIN conditions AS c ON c.person = cohort.person AND c.t = cohort.t
             LEFT JOIN (SELECT person, day, known, code, until FROM condition
                               UNION ALL SELECT person, day, known, 'drug ' || code, NULL FROM drug) AS e
             ON e.person = cohort.person AND e.day < cohort.t AND e.known < cohort.t
             AND (e.until IS NULL OR cohort.t <= e.until)
        GROUP BY cohort.person, cohort.t"""


def windowed_query(family):
    day, known = ("end_day", "end_known") if family.at == "end" else ("day", "known")
    longest = max(w for w in family.windows if isinstance(w, int))
    cells = []
    for group in family.group:
        of = " AND ".join(f"({test})" for test in group_tests(group))
        for aggregate in family.aggregates:
            once = aggregate in ("last", "days_since")
            asked = [longest] if once else family.trends if aggregate == "trend" else family.windows
            for window in asked:
                if aggregate == "first_seen" and window == longest:
                    continue
                near, far = window if isinstance(window, tuple) else (0, window)
                told = f"{near}_{far}" if isinstance(window, tuple) else window
                name = f"{family.id}_{group.id}_{aggregate}" + ("" if once else f"_{told}")
                made = Cell(family, aggregate, f"e.person IS NOT NULL AND {of}", day, near, far, longest)
                whole = made.sql()
                if family.domain in ("contact", "stay", "diagnosis") and aggregate in COUNTING:
                    since = made._replace(of=f"{made.of} AND e.{day} >= {SWITCH}").sql()
                    whole = across(family, aggregate, whole, since, 0 if aggregate == "trend" else near, far)
                if family.across_switch.startswith("told_"):
                    side = (
                        f"t - {far} >= {SWITCH}" if family.across_switch == "told_after" else f"t - {near} <= {SWITCH}"
                    )
                    whole = f"CASE WHEN {side} THEN {whole} END"
                cells.append(f"{whole} AS {name}")
    return f"""SELECT cohort.person, cohort.t, {", ".join(cells)}
        FROM cohort LEFT JOIN {family.domain} AS e
             ON e.person = cohort.person AND e.{day} < cohort.t AND e.{known} < cohort.t
        GROUP BY cohort.person, cohort.t"""


def flags_query(family):
    """Each flag: all of its parts, by different codes redeemed in its days or by a condition; of the old enough."""
    cells = []
    for flag in family.flag:
        parts = []
        for part in flag.part:
            drugs = " OR ".join(f"e.code LIKE '{code}%'" for code in part.atc) or "false"
            unless = "".join(f" AND e.code NOT LIKE '{code}%'" for code in part.atc_except)
            inside = f"e.day >= cohort.t - {flag.within_days} AND ({drugs}){unless}"
            held = [f"any_value(c.condition_{key}) = 1" for key in part.conditions]
            parts.append(" OR ".join([f"count(DISTINCT e.code) FILTER ({inside}) >= {part.at_least}", *held]))
        if flag.min_age is not None:
            parts.append(f"any_value(person_age) >= {flag.min_age}")
        cells.append(f"CAST({' AND '.join(f'({part})' for part in parts)} AS INTEGER) AS {family.id}_{flag.id}")
    return f"""SELECT cohort.person, cohort.t, {", ".join(cells)}
        FROM cohort JOIN conditions AS c ON c.person = cohort.person AND c.t = cohort.t
             LEFT JOIN drug AS e ON e.person = cohort.person AND e.day < cohort.t AND e.known < cohort.t
        GROUP BY cohort.person, cohort.t"""


COUNTING = ("count", "sum", "rate", "distinct", "trend")


def group_tests(group):
    yield " OR ".join(f"e.code LIKE '{code}%'" for code in group.codes) or "true"
    yield from (f"e.code NOT LIKE '{code}%'" for code in group.codes_except)
    for name, value in group.where.items():
        told = ", ".join(literal(one) for one in (value if isinstance(value, tuple) else [value]))
        yield f"coalesce(e.{name} IN ({told}), false)"
    if group.above is not None:
        yield f"coalesce(e.value > {group.above}, false) AND coalesce(e.comparator, '') <> '<'"
    if group.below is not None:
        yield f"coalesce(e.value < {group.below}, false) AND coalesce(e.comparator, '') <> '>'"


def across(family, aggregate, whole, since, near, far):
    """Two ways of counting are not added up: scaled where half of the window lies after the switch, or missing."""
    after, days = f"(t - {near} - {SWITCH})", far - near
    scaled = f"CASE WHEN {after} * 2 >= {days} THEN {since} * {days}.0 / {after} END"
    adjusted = family.across_switch == "period_adjusted" and aggregate not in ("distinct", "trend")
    instead = scaled if adjusted else "NULL"
    return f"CASE WHEN t - {far} < {SWITCH} AND {SWITCH} < t - {near} THEN {instead} ELSE {whole} END"


class Cell(NamedTuple):
    """One aggregate of a group's events (`of`) in [t - far, t - near)."""

    family: Any
    aggregate: str
    of: str
    day: str
    near: int
    far: int
    longest: int

    def sql(self):
        day, within = (
            f"e.{self.day}",
            f"{self.of} AND e.{self.day} >= t - {self.far} AND e.{self.day} < t - {self.near}",
        )
        value = VALUES.get(self.family.domain, "CAST(NULL AS DOUBLE)")
        valued, order = f"{within} AND {value} IS NOT NULL", f"ORDER BY {day}, e.file_row_number"
        recent = f"count(*) FILTER ({self.of} AND {day} >= t - {self.near})"
        ever = f"{self.of} AND {day} >= t - {self.longest}"
        over = "CASE WHEN e.end_day IS NOT NULL AND e.end_known < t THEN least(e.end_day, t) ELSE t END"
        told = {
            "count": lambda: f"nullif(count(*) FILTER ({within}), 0)",
            "any": lambda: f"CASE WHEN count(*) FILTER ({within}) > 0 THEN 1 END",
            "sum": lambda: f"sum({value}) FILTER ({valued})",
            "mean": lambda: f"avg({value}) FILTER ({valued})",
            "min": lambda: f"min({value}) FILTER ({valued})",
            "max": lambda: f"max({value}) FILTER ({valued})",
            "last": lambda: f"last({value} {order}) FILTER ({valued})",
            "first": lambda: f"first({value} {order}) FILTER ({valued})",
            "days_since": lambda: f"t - max({day}) FILTER ({within})",
            "distinct": lambda: f"nullif(count(DISTINCT e.code) FILTER ({within}), 0)",
            "rate": lambda: f"nullif(count(*) FILTER ({within}), 0) * 365.25 / {self.far - self.near}",
            "slope": lambda: (
                f"CASE WHEN count(DISTINCT {day}) FILTER ({valued}) > 1 "
                f"THEN 365.25 * regr_slope({value}, {day}) FILTER ({valued}) END"
            ),
            "trend": lambda: (
                f"{recent} * {self.far}.0 / {self.near} / nullif(count(*) FILTER ({within} OR "
                f"({self.of} AND {day} >= t - {self.near})), 0)"
            ),
            "first_seen": lambda: (
                f"CASE WHEN min({day}) FILTER ({ever}) >= t - {self.far} "
                f"AND min({day}) FILTER ({ever}) < t - {self.near} THEN 1 END"
            ),
            "days_within": lambda: (
                f"sum(greatest(least({over}, t - {self.near}) - greatest(e.day, t - {self.far}), 0)) FILTER ({self.of})"
            ),
        }[self.aggregate]()
        fallback = self.family.fallback[self.aggregate]
        return f"coalesce({told}, {'NULL' if fallback == 'missing' else fallback})"


def literal(value):
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"


# --- held against each other -----------------------------------------------------------------------------------------


def test_the_query_has_every_column_of_the_matrix(built, by_sql):
    assert set(by_sql) == {"person", "t", "n_conditions", *built.names}
    assert len(built.names) >= 300


def test_the_cohort_is_that_of_the_query(built, by_sql):
    np.testing.assert_array_equal(built.rows.person, by_sql["person"])
    np.testing.assert_array_equal(built.rows.day, by_sql["t"])
    assert len(built.rows) > 500


def test_every_cell_of_the_matrix_is_that_of_the_query(built, by_sql):
    different = {}
    for place, name in enumerate(built.names):
        about = {"rtol": 1e-6, "atol": 1e-9} if "_slope_" in name else {"rtol": 1e-12, "atol": 0}  # sums of squares
        same = np.isclose(built.cells[:, place], by_sql[name], **about, equal_nan=True)
        if not same.all():
            different[name] = int((~same).sum())
    assert different == {}


def test_the_region_puts_something_into_nearly_every_column(built):
    """Else the columns would be equal because they are empty."""
    varied = [name for name, cells in zip(built.names, built.cells.T, strict=True) if len(np.unique(cells)) > 1]
    assert len(varied) > 0.9 * len(built.names)


def test_who_has_two_of_tonellis_conditions_is_who_scores_two(built, work, by_sql):
    """The definition and the index are computed apart, from the same list."""
    store = Store(work.store)
    holds = present(store, built.rows, CATALOGUE, 0).holds(DEFINITIONS["TONELLI30-2"])
    np.testing.assert_array_equal(holds, by_sql["tonelli30_count"] >= 2)
    assert 0.05 < holds.mean() < 0.95


# --- one person as in the batch --------------------------------------------------------------------------------------


def same_bits(one, other):
    return np.array_equal(np.nan_to_num(one, nan=-1.5).view(np.int64), np.nan_to_num(other, nan=-1.5).view(np.int64))


def test_one_person_read_alone_has_the_row_of_the_batch_bit_for_bit(work, built):
    reader = open_reader(work.store)
    some = range(0, len(built.rows), 13)
    alone = [row_of(reader.of(int(built.rows.person[n])), CATALOGUE, int(built.rows.day[n])) for n in some]
    assert len(alone) > 50
    assert [n for n, cells in zip(some, alone, strict=True) if not same_bits(cells, built.cells[n])] == []


@pytest.mark.slow
def test_a_thousand_people_read_alone_have_the_rows_of_the_batch_bit_for_bit(tmp_path, capsys):
    found = Workspace(tmp_path)
    synthesise_step(found, Wanted(5000, 10, 3, date(2024, 12, 31)), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    build_step(found, CATALOGUE, lambda *_: None)
    reader, latest = open_reader(found.store), day_number(date(2025, 1, 1))
    batch = read_matrix(found.features, [latest])
    people = batch.rows.person[:1000].tolist()
    pairs = zip(people, batch.cells[:1000], strict=True)
    equal = sum(same_bits(row_of(reader.of(who), CATALOGUE, latest), cells) for who, cells in pairs)
    with capsys.disabled():
        print(f"\nonline = batch: {equal} of {len(people)} people, {batch.cells.shape[1]} columns, bit for bit")  # noqa: T201
    assert equal == len(people) == 1000


# --- blind to the future ---------------------------------------------------------------------------------------------


def cells_at(store, t):
    """Rows and cells of every resident adult on a day."""
    people, lived = store.persons(), spells(store.residence())
    rows = residents(people, lived, [t])
    return rows.person, matrix(store, rows, present(store, rows, CATALOGUE, 0), people, lived, CATALOGUE, 0)


def rewritten(work, folder, t, how):
    """A copy of the store in which what was not known before t is gone, or came years later, or is something else."""
    folder.mkdir()
    (folder / "manifest.json").write_bytes((work.store / "manifest.json").read_bytes())
    for name in DOMAINS:
        if not (work.store / name).exists():  # a domain whose tables this region has not
            continue
        (folder / name).mkdir()
        table = pq.read_table(work.store / name / "bucket=000.parquet")
        columns = {key: table[key].to_numpy(zero_copy_only=False) for key in ("person", "day", "known")}
        late = (columns["day"] >= t) | (columns["known"] >= t)
        if name == "stay":  # began before the day: what its end tells is still to come
            table = without_ends(table, t)
        if "until" in table.column_names:
            until = table["until"].to_numpy(zero_copy_only=False)
            table = replaced(table, "until", np.where(until >= t, np.nan, until))
        if how == "shifted":
            table = replaced(table, "known", np.where(late, columns["known"] + 4000, columns["known"]))
            table = replaced(table, "day", np.where(columns["day"] >= t, columns["day"] + 3000, columns["day"]))
            table = table.take(pa.array(np.lexsort((np.arange(table.num_rows), table["day"], table["person"]))))
        else:
            table = table.filter(pa.array(~late))
        pq.write_table(table, folder / name / "bucket=000.parquet")
    persons = pq.read_table(work.store / "persons.parquet")
    death = persons["death"].to_numpy(zero_copy_only=False)
    pq.write_table(replaced(persons, "death", np.where(death > t, np.nan, death)), folder / "persons.parquet")
    lived = pq.read_table(work.store / "residence.parquet")
    end = lived["end"].to_numpy(zero_copy_only=False)
    lived = replaced(lived, "end", np.where(end > t, np.nan, end))
    pq.write_table(lived.filter(pa.array(lived["start"].to_numpy() <= t)), folder / "residence.parquet")
    return Store(folder)


def without_ends(stays, t):
    """Stays whose end was not known before t are open: no end, no length."""
    known = stays["end_known"].to_numpy(zero_copy_only=False)
    late = ~(known < t)
    for name in ("end_min", "end_day", "end_known", "hours"):
        values = stays[name].to_numpy(zero_copy_only=False).astype(np.float64)
        stays = replaced(stays, name, np.where(late, np.nan, values))
    return stays


def replaced(table, name, values):
    """The table with one column's values, NaN as null, of the type it had."""
    place = table.column_names.index(name)
    missing = np.isnan(values.astype(np.float64))
    kind = table.schema.field(name).type
    return table.set_column(place, name, pa.array(np.where(missing, 0, values), mask=missing).cast(kind))


@pytest.mark.parametrize("how", ["removed", "shifted"])
@pytest.mark.parametrize("day", [date(2019, 1, 1), date(2023, 5, 17)])
def test_what_was_not_known_before_the_day_changes_nothing(work, tmp_path, how, day):
    t = day_number(day)
    person, before = cells_at(Store(work.store), t)
    store = rewritten(work, tmp_path / "blind", t, how)
    assert len(store.read("drug", ["person"])["person"]) <= len(Store(work.store).read("drug", ["person"])["person"])
    same, after = cells_at(store, t)
    np.testing.assert_array_equal(person, same)
    np.testing.assert_array_equal(before, after)


def test_the_past_is_not_left_alone_by_this_test(work, tmp_path):
    """The same change a year too early shows: the test above can fail."""
    t = day_number(date(2023, 1, 1))
    store = rewritten(work, tmp_path / "blind", t - 365, "removed")
    people, lived = store.persons(), spells(store.residence())
    rows = residents(people, lived, [t])
    after = matrix(store, rows, present(store, rows, CATALOGUE, 0), people, lived, CATALOGUE, 0)
    person, before = cells_at(Store(work.store), t)
    both, mine, theirs = np.intersect1d(person, rows.person, return_indices=True)
    assert len(both) > 100
    assert (np.nan_to_num(before[mine], nan=-1) != np.nan_to_num(after[theirs], nan=-1)).any()
