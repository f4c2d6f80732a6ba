-- The text is split into a bound's sign and a number; a text that is neither (as "ikke påvist") lands without a value.
SELECT source_id, day, known, code, CASE WHEN isfinite(number) THEN number END AS value, comparator
FROM (SELECT pnr AS source_id, {day:samplingdato} AS day,
             {day:samplingdato} + {delay:laboratorieproevesvar_} AS known, npu AS code,
             TRY_CAST(replace(trim(regexp_replace(samplevalue, '^[<>]=?', '')), ',', '.') AS DOUBLE) AS number,
             nullif(regexp_extract(samplevalue, '^[<>]'), '') AS comparator
      FROM laboratorieproevesvar_) AS results
