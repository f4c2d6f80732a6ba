-- A day that no calendar has is taken as 1 July of its year, as a missing month is.
SELECT p.person_id AS source_id,
       CASE p.gender_concept_id WHEN 8507 THEN 1 WHEN 8532 THEN 2 ELSE 0 END AS sex,
       coalesce({day:TRY_CAST(concat(p.year_of_birth, '-', coalesce(p.month_of_birth, 7), '-', coalesce(p.day_of_birth, 1)) AS DATE)},
                {day:make_date(p.year_of_birth, 7, 1)}) AS birth,
       {day:d.death_date} AS death
FROM person AS p LEFT JOIN death AS d ON d.person_id = p.person_id
