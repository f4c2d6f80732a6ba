-- What hospitals wrote down, once per person: the systems of the 39 conditions there is any diagnosis of (kinds A, B
-- and G, not refuted), and the first day of each psychiatric diagnosis made in psychiatry (kinds A and B).
-- Needs the tables `coded` (WHO code, system of a condition; codes of none are not there) and the views of LPR.
CREATE OR REPLACE TEMP TABLE hospital_systems AS
WITH found AS (
    SELECT pnr, c_diag AS code, c_diagtype AS kind FROM lpr_diag JOIN lpr_adm USING (recnum)
    UNION ALL
    SELECT v_cpr, c_diag, c_diagtype FROM t_psyk_diag JOIN t_psyk_adm ON k_recnum = v_recnum
    UNION ALL
    SELECT pnr, diag_kode, diag_kode_type FROM lpr_a_diagnose JOIN lpr_a_kontakt USING (dw_ek_kontakt)
    WHERE lprindberetningssystem IS DISTINCT FROM 'LPR2' AND senere_afkraeftet IS DISTINCT FROM 'Ja')
SELECT DISTINCT pnr, coded.system FROM found JOIN coded USING (code) WHERE kind IN ('A', 'B', 'G');

CREATE OR REPLACE TEMP TABLE psychiatry AS
WITH found AS (
    SELECT v_cpr AS pnr, d_inddto AS day, c_diag AS code, c_diagtype AS kind
    FROM t_psyk_diag JOIN t_psyk_adm ON k_recnum = v_recnum
    UNION ALL
    SELECT pnr, CAST(kont_starttidspunkt AS DATE), diag_kode, diag_kode_type
    FROM lpr_a_diagnose JOIN (SELECT DISTINCT dw_ek_kontakt, pnr, kont_starttidspunkt FROM lpr_a_kontakt
                              WHERE lprindberetningssystem IS DISTINCT FROM 'LPR2'
                                AND in_psychiatry(kont_ans_hovedspec)) AS k USING (dw_ek_kontakt)
    WHERE senere_afkraeftet IS DISTINCT FROM 'Ja')
SELECT pnr, left(who(code), 3) AS code, min(day) AS day
FROM found WHERE kind IN ('A', 'B') AND who(code) LIKE 'F%'
GROUP BY ALL;
