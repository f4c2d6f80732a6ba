SELECT pnr AS source_id, {day:last_day} AS day, {day:last_day} + {delay:afstand} AS known, code, value
FROM (SELECT pnr, make_date(CAST(aar AS INTEGER), 12, 31) AS last_day, code, value
      FROM (SELECT pnr, aar, 'acute_hospital' AS code, km_akuthospital AS value FROM afstand
            UNION ALL
            SELECT pnr, aar, 'practice', km_praksis FROM afstand
            UNION ALL
            SELECT pnr, aar, 'health_house', km_sundhedshus FROM afstand
            UNION ALL
            SELECT pnr, aar, 'psychiatry', km_psykiatri FROM afstand) AS distances
      WHERE value IS NOT NULL) AS dated
