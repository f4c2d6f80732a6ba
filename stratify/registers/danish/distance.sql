SELECT pnr AS source_id, {day:make_date(aar, 12, 31)} AS day, {day:make_date(aar, 12, 31)} + {delay:afstand} AS known,
       code, value
FROM (SELECT pnr, aar, 'acute_hospital' AS code, km_akuthospital AS value FROM afstand
      UNION ALL
      SELECT pnr, aar, 'practice', km_praksis FROM afstand
      UNION ALL
      SELECT pnr, aar, 'health_house', km_sundhedshus FROM afstand
      UNION ALL
      SELECT pnr, aar, 'psychiatry', km_psykiatri FROM afstand) AS distances
WHERE value IS NOT NULL
