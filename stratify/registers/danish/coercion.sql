SELECT pnr AS source_id, {day:dato} AS day, {day:dato} + {delay:tvang} AS known, art AS code
FROM tvang
