-- The source's ICD code where it has one, else the standard concept. What was coded in a visit is known at its end, and
-- on delivery while that is open; where no visit is named, on the day it started.
SELECT c.person_id AS source_id,
       {day:c.condition_start_date} AS day,
       greatest({day:c.condition_start_date},
                CASE WHEN v.visit_occurrence_id IS NULL THEN {day:c.condition_start_date}
                     ELSE coalesce({day:v.visit_end_date}, {delivered}) END) + {delay:condition_occurrence} AS known,
       coalesce(i.code, 'concept:' || CAST(c.condition_concept_id AS VARCHAR)) AS code,
       'A' AS kind,
       'somatic' AS care,
       CAST(NULL AS VARCHAR) AS setting,
       false AS refuted,
       c.condition_concept_id AS concept
FROM condition_occurrence AS c LEFT JOIN icd_source AS i ON i.row_ = c.row_
     LEFT JOIN visit_occurrence AS v ON v.visit_occurrence_id = c.visit_occurrence_id AND v.person_id = c.person_id
