-- The source's ICD code where it has one, else the standard concept.
SELECT c.person_id AS source_id,
       {day:c.condition_start_date} AS day,
       {day:c.condition_start_date} + {delay:condition_occurrence} AS known,
       coalesce(i.code, 'concept:' || CAST(c.condition_concept_id AS VARCHAR)) AS code,
       'A' AS kind,
       'somatic' AS care,
       CAST(NULL AS VARCHAR) AS setting,
       false AS refuted,
       c.condition_concept_id AS concept
FROM condition_occurrence AS c LEFT JOIN icd_source AS i ON i.row_ = c.row_
