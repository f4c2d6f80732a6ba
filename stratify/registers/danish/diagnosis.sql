-- Diagnoses happen when their contact starts and are known when it has ended and been reported; those of a contact that
-- is still open are known on the day of delivery.
SELECT c.source_id,
       {day:c.start_at} AS day,
       coalesce({day:c.closed_at} + c.delay, greatest({day:c.start_at}, {delivered})) AS known,
       {to_who:d.code} AS code,
       d.kind,
       c.care,
       c.setting,
       d.refuted,
       c.contact
FROM (SELECT 'lpr_a:' || dw_ek_kontakt AS contact, diag_kode AS code, diag_kode_type AS kind,
             coalesce(senere_afkraeftet, 'Nej') = 'Ja' AS refuted FROM lpr_a_diagnose
      UNION ALL
      SELECT 'lpr_adm:' || recnum, c_diag, c_diagtype, false FROM lpr_diag
      UNION ALL
      SELECT 't_psyk_adm:' || v_recnum, c_diag, c_diagtype, false FROM t_psyk_diag) AS d
JOIN contacts AS c ON c.contact = d.contact
