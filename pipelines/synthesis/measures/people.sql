-- Who there is, one row per person, and who was resident on 1 January of each year, one row per person and year.
-- `part` (0 to 19) splits the people at random, the same on every run: standard errors are taken from leaving one out.
-- `years` is the time at risk: a year, less for who died in it, half for who moved away in it.
CREATE OR REPLACE TEMP TABLE persons AS
SELECT pnr, any_value(koen) = 2 AS woman, any_value(CAST(foed_dag AS DATE)) AS born,
       (md5_number_lower(pnr) % 20)::TINYINT AS part
FROM bef GROUP BY pnr;

CREATE OR REPLACE TEMP TABLE person_years AS
WITH died AS (SELECT pnr, min(CAST(doddato AS DATE)) AS dead FROM dod GROUP BY pnr)
SELECT y.pnr, y.year::SMALLINT AS year, p.part, p.woman,
       (y.year - year(p.born) - (p.born > make_date(year(p.born), 1, 1))::INTEGER)::SMALLINT AS age,
       y.death AS died, y.acute_admission AS acute, y.acsc_admission AS acsc,
       CASE WHEN y.death THEN (date_diff('day', make_date(y.year, 1, 1), d.dead) + 0.5) / 365.25
            WHEN y.at_risk_whole_year THEN 1.0 ELSE 0.5 END AS years
FROM truth_year AS y JOIN persons AS p USING (pnr) LEFT JOIN died AS d USING (pnr);

-- The true conditions, parts of one entry put together: when each began, and when somebody first saw it.
CREATE OR REPLACE TEMP TABLE states AS
SELECT pnr, entry, any_value(system) AS system, any_value(psychiatric) AS psychiatric,
       min(CAST(onset AS DATE)) AS onset, min(CAST(recognised AS DATE)) AS recognised
FROM truth_state JOIN entries USING (condition) GROUP BY pnr, entry;
