-- Under observation up to and including the last day; a death ends it.
SELECT o.person_id AS source_id, {day:o.observation_period_start_date} AS start,
       least({day:o.observation_period_end_date} + 1, {day:d.death_date}) AS "end",
       CAST(NULL AS VARCHAR) AS municipality
FROM observation_period AS o LEFT JOIN death AS d ON d.person_id = o.person_id
WHERE d.death_date IS NULL OR d.death_date > o.observation_period_start_date
