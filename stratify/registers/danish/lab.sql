-- The text is split into a bound's sign and a number; a text that is neither (as "ikke påvist") lands without a value.
SELECT source_id, day, known, code,
       CASE WHEN abs(number) < CAST('infinity' AS DOUBLE) THEN number END AS value,
       comparator
FROM (SELECT *, CASE WHEN regexp_matches(told, '^\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*\z')
                     THEN TRY_CAST(told AS DOUBLE) END AS number
      FROM (SELECT pnr AS source_id, {day:samplingdato} AS day,
                   {day:samplingdato} + {delay:laboratorieproevesvar_} AS known, npu AS code,
                   replace(trim(regexp_replace(samplevalue, '^[<>]=?', '')), ',', '.') AS told,
                   nullif(regexp_extract(samplevalue, '^[<>]', 0), '') AS comparator
            FROM laboratorieproevesvar_) AS texts) AS results
