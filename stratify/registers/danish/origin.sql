-- A person's origin when first told, and each time it is told otherwise: a correction, not a new snapshot, is an event.
SELECT pnr AS source_id, {day:referencetid} AS day, {day:referencetid} + {delay:bef} AS known,
       CASE ie_type WHEN 1 THEN 'danish' WHEN 2 THEN 'immigrant' ELSE 'descendant' END AS code
FROM (SELECT pnr, referencetid, ie_type, lag(ie_type) OVER (PARTITION BY pnr ORDER BY referencetid) AS before
      FROM bef WHERE ie_type IN (1, 2, 3)) AS told
WHERE before IS NULL OR before <> ie_type
