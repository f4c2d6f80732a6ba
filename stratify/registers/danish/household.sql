SELECT pnr AS source_id, {day:referencetid} AS day, {day:referencetid} + {delay:bef} AS known,
       CAST(antpersh AS DOUBLE) AS value
FROM bef WHERE antpersh IS NOT NULL
