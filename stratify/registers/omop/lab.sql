-- In our analytes and units; another concept has its number for a code. A bound says nothing without a value.
SELECT person_id AS source_id, {day:measurement_date} AS day, {day:measurement_date} + {delay:measurement} AS known,
       coalesce(npu, 'concept:' || CAST(measurement_concept_id AS VARCHAR)) AS code,
       CASE WHEN abs(ours) < CAST('infinity' AS DOUBLE) THEN ours END AS value,
       CASE WHEN abs(ours) < CAST('infinity' AS DOUBLE) THEN sign END AS comparator
FROM lab_results
