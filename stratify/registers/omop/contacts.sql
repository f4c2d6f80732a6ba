-- Visits in the form of hospital contacts. A visit dated without an hour is taken from noon to noon, and another one that
-- starts on the day it ends joins it. An inpatient visit with a part in the emergency room was acute; of another it is
-- unknown, never false. The emergency room is acute.
WITH started AS (
    SELECT *, coalesce(date_diff('minute', CAST(visit_end_date AS TIMESTAMP), visit_end_datetime) > 0, false) AS end_told,
           CASE WHEN date_diff('minute', CAST(visit_start_date AS TIMESTAMP), visit_start_datetime) > 0
                THEN visit_start_datetime ELSE CAST(visit_start_date AS TIMESTAMP) + INTERVAL 12 HOUR END AS start_at
    FROM visit_occurrence),
ended AS (
    SELECT *, CASE WHEN visit_end_date IS NULL THEN NULL
                   WHEN end_told THEN greatest(visit_end_datetime, start_at)
                   ELSE greatest(CAST(visit_end_date AS TIMESTAMP) + INTERVAL 12 HOUR, start_at) END AS end_at
    FROM started)
SELECT person_id AS source_id,
       visit_occurrence_id AS contact,
       start_at,
       end_at,
       end_at AS closed_at,
       CASE WHEN end_told THEN end_at + INTERVAL 4 HOUR
            ELSE CAST(CAST(coalesce(end_at, start_at) AS DATE) AS TIMESTAMP) + INTERVAL 86399 SECOND END AS joins_to,
       CASE WHEN visit_concept_id IN (9203, 262) THEN true WHEN visit_concept_id <> 9201 THEN false
            WHEN visit_occurrence_id IN (SELECT visit_occurrence_id FROM visit_detail
                                         WHERE visit_detail_concept_id = 9203 AND visit_occurrence_id IS NOT NULL)
            THEN true END AS acute,
       'somatic' AS care,
       'physical' AS form,
       CASE WHEN visit_concept_id IN (9201, 262) THEN 'admission' WHEN visit_concept_id = 9203 THEN 'timed'
            ELSE 'none' END AS basis,
       CAST(NULL AS VARCHAR) AS code,
       CAST(NULL AS VARCHAR) AS unit,
       {delay:visit_occurrence} AS delay
FROM ended
