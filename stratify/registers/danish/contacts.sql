-- Every hospital contact of the three LPR tables in one form.
-- LPR2 gives the end as a day. Days without an hour are taken at noon; who is admitted on the day of a discharge joins
-- it, who is admitted the day after does not. An acute LPR2 contact that is no inpatient contact has no length of its
-- own: in stays it ends as it starts, and `closed_at` is when it was closed and its diagnoses coded. The action diagnosis is taken from the diagnoses where the contact does not carry it.
WITH action AS (
    SELECT 'lpr_a:' || dw_ek_kontakt AS contact, min(diag_kode) AS code
    FROM lpr_a_diagnose WHERE diag_kode_type = 'A' GROUP BY dw_ek_kontakt
    UNION ALL
    SELECT 'lpr_adm:' || recnum, min(c_diag) FROM lpr_diag WHERE c_diagtype = 'A' GROUP BY recnum
    UNION ALL
    SELECT 't_psyk_adm:' || v_recnum, min(c_diag) FROM t_psyk_diag WHERE c_diagtype = 'A' GROUP BY v_recnum),
lpr2 AS (
    SELECT 'lpr_adm:' || recnum AS contact, pnr, d_inddto, d_uddto, v_indtime, v_indminut, c_adiag, c_pattype, c_indm,
           c_sgh, 'somatic' AS care, {delay:lpr_adm} AS delay
    FROM lpr_adm
    UNION ALL
    SELECT 't_psyk_adm:' || k_recnum, v_cpr, d_inddto, d_uddto, v_indtime, v_indminut, c_adiag, c_pattype, c_indm,
           c_sgh, 'psychiatric', {delay:t_psyk_adm}
    FROM t_psyk_adm),
timed AS (
    SELECT *, coalesce(c_pattype = '3' OR c_indm = '1', false) AS is_acute,
           CASE WHEN v_indtime BETWEEN 0 AND 23
                THEN CAST(d_inddto AS TIMESTAMP) + v_indtime * INTERVAL 1 HOUR
                     + CASE WHEN v_indminut BETWEEN 0 AND 59 THEN v_indminut ELSE 0 END * INTERVAL 1 MINUTE
                ELSE CAST(d_inddto AS TIMESTAMP) + INTERVAL 12 HOUR END AS start_at
    FROM lpr2),
ended AS (
    SELECT *, CASE WHEN c_pattype IN ('2', '3') AND is_acute THEN start_at
                   ELSE closed_at END AS end_at
    FROM (SELECT *, CASE WHEN d_uddto IS NOT NULL THEN greatest(CAST(d_uddto AS TIMESTAMP) + INTERVAL 12 HOUR, start_at) END AS closed_at
          FROM timed) AS closed),
contacts AS (
    SELECT pnr AS source_id,
           'lpr_a:' || dw_ek_kontakt AS contact,
           kont_starttidspunkt AS start_at,
           kont_sluttidspunkt AS end_at,
           kont_sluttidspunkt AS closed_at,
           coalesce(kont_sluttidspunkt, kont_starttidspunkt) + INTERVAL 4 HOUR AS joins_to,
           prioritet = 'ATA1' AS acute,
           CASE WHEN lower(kont_ans_hovedspec) LIKE '%psykiatri%' THEN 'psychiatric' ELSE 'somatic' END AS care,
           CASE WHEN kont_afslutningsmaade = 'ALAC60' THEN 'missed' ELSE
           CASE kont_type WHEN 'ALCA00' THEN 'physical' WHEN 'ALCA01' THEN 'home' WHEN 'ALCA03' THEN 'virtual'
                          ELSE 'other' END END AS form,
           CASE WHEN kont_type = 'ALCA00' THEN 'timed' ELSE 'none' END AS basis,
           adiag AS code,
           kont_ans_inst AS unit,
           {delay:lpr_a_kontakt} AS delay
    FROM lpr_a_kontakt
    UNION ALL
    SELECT pnr, contact, start_at, end_at, closed_at,
           CAST(CAST(coalesce(end_at, start_at) AS DATE) AS TIMESTAMP) + INTERVAL 86399 SECOND,
           c_indm = '1' OR c_pattype = '3',
           care,
           'physical',
           CASE WHEN c_pattype = '0' THEN 'admission' WHEN is_acute THEN 'timed' ELSE 'none' END,
           c_adiag, c_sgh, delay
    FROM ended)
SELECT c.source_id, c.contact, c.start_at, c.end_at, c.closed_at, c.joins_to, c.acute, c.care, c.form, c.basis,
       {to_who:coalesce(c.code, a.code)} AS code, c.unit, c.delay
FROM contacts AS c LEFT JOIN action AS a ON a.contact = c.contact
