SELECT pnr AS source_id, {day:fra_dato} AS day, {day:fra_dato} + {delay:tolk} AS known, 'interpreter' AS code,
       sprog AS language
FROM tolk
UNION ALL
SELECT pnr, {day:fritaget_fra}, {day:fritaget_fra} + {delay:digital_post}, 'no_digital_post', NULL
FROM digital_post
