SELECT pnr AS source_id, {day:eksd} AS day, {day:eksd} + {delay:lmdb} AS known, atc AS code, apk * volume AS ddd
FROM lmdb
