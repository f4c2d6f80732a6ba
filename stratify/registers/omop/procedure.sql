-- Known with the visit's diagnoses: at its end, on delivery while it is open; where no visit is named, on its day.
SELECT p.person_id AS source_id,
       {day:p.procedure_date} AS day,
       greatest({day:p.procedure_date},
                CASE WHEN c.contact IS NULL THEN {day:p.procedure_date}
                     ELSE coalesce({day:c.closed_at}, {delivered}) END) + {delay:procedure_occurrence} AS known,
       'concept:' || CAST(p.procedure_concept_id AS VARCHAR) AS code,
       CAST(NULL AS VARCHAR) AS kind,
       'somatic' AS care,
       c.setting
FROM procedure_occurrence AS p
     LEFT JOIN contacts AS c ON c.contact = p.visit_occurrence_id AND c.source_id = p.person_id
