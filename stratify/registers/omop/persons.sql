-- A day that no calendar has is taken as 1 July of its year, as a missing month is.
SELECT p.person_id AS source_id,
       CASE p.gender_concept_id WHEN 8507 THEN 1 WHEN 8532 THEN 2 ELSE 0 END AS sex,
       coalesce({day:TRY_CAST(CAST(p.year_of_birth AS VARCHAR) || '-' || CAST(coalesce(p.month_of_birth, 7) AS VARCHAR)
                              || '-' || CAST(coalesce(p.day_of_birth, 1) AS VARCHAR) AS DATE)},
                {day:make_date(CAST(p.year_of_birth AS INTEGER), 7, 1)}) AS birth,
       {day:d.death_date} AS death
FROM person AS p LEFT JOIN death AS d ON d.person_id = p.person_id
