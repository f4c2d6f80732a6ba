-- One row per record and ATC code; a record that reaches none has its concept's number for a code, which is in no group.
SELECT person_id AS source_id, {day:started} AS day,
       {day:started} + CASE WHEN era THEN {delay:drug_era} ELSE {delay:drug_exposure} END AS known,
       coalesce(code, 'concept:' || CAST(concept AS VARCHAR)) AS code,
       CAST(NULL AS DOUBLE) AS ddd
FROM drug_rows
