-- The days visits started.
SELECT 'visit_occurrence' AS name, 'hospital' AS care, visit_start_date AS day FROM visit_occurrence
