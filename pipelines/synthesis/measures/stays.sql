-- Stays of all hospitals and both register generations: contacts chained when they overlap or follow within 4 hours,
-- somatic, psychiatric and obstetric (chapter O) apart. An admission is a stay of 12 hours or more, in LPR2 one with an
-- inpatient contact (c_pattype 0); a stay is acute when its first contact is, and its code is that contact's action
-- diagnosis. LPR2 gives the end as a day: noon is taken, and who is admitted on that day joins. Left out: rows
-- of lpr_a_kontakt that repeat LPR2, equal rows delivered twice, liveborn, companions, observation, short planned
-- contacts. A contact nobody closed joins by its start; its stay is an admission without an end.
CREATE OR REPLACE TEMP TABLE stays AS
WITH lpr2 AS (
    SELECT DISTINCT 'somatic' AS care, pnr, recnum AS contact, d_inddto, d_uddto, v_indtime, v_indminut, c_adiag,
           c_pattype, c_indm FROM lpr_adm
    UNION ALL
    SELECT DISTINCT 'psychiatric', v_cpr, k_recnum, d_inddto, d_uddto, v_indtime, v_indminut, c_adiag, c_pattype, c_indm
    FROM t_psyk_adm),
begun AS (
    SELECT *, d_inddto + to_minutes(60 * coalesce(v_indtime, 12)::INTEGER + coalesce(v_indminut, 0)::INTEGER) AS start_at
    FROM lpr2),
contacts AS (
    SELECT care, pnr, contact, start_at,
           CASE WHEN c_pattype <> '0' THEN start_at
                WHEN d_uddto IS NOT NULL THEN greatest(d_uddto + to_hours(12), start_at) END AS end_at,
           date_trunc('day', CASE WHEN c_pattype = '0' THEN greatest(d_uddto + to_hours(12), start_at)
                                  ELSE start_at END) + to_seconds(86399) AS joins_to,
           c_indm = '1' OR c_pattype = '3' AS acute, c_pattype = '0' AS inpatient, who(c_adiag) AS code
    FROM begun WHERE c_pattype = '0' OR c_pattype = '3' OR c_indm = '1'
    UNION ALL
    SELECT DISTINCT CASE WHEN in_psychiatry(kont_ans_hovedspec) THEN 'psychiatric' ELSE 'somatic' END,
           pnr, dw_ek_kontakt, kont_starttidspunkt, kont_sluttidspunkt, kont_sluttidspunkt + to_hours(4),
           prioritet = 'ATA1', kont_sluttidspunkt IS NULL, who(adiag)
    FROM lpr_a_kontakt
    WHERE lprindberetningssystem IS DISTINCT FROM 'LPR2' AND kont_type = 'ALCA00'
      AND (prioritet = 'ATA1' OR kont_sluttidspunkt IS NULL
           OR kont_sluttidspunkt - kont_starttidspunkt >= to_hours(12))),
kept AS (
    SELECT * REPLACE (CASE WHEN code LIKE 'O%' THEN 'obstetric' ELSE care END AS care,
                      coalesce(joins_to, start_at + to_hours(4)) AS joins_to)
    FROM contacts
    WHERE NOT coalesce(code LIKE 'Z38%' OR code LIKE 'Z763%' OR code LIKE 'Z03%', false)),
marked AS (
    SELECT *, coalesce(start_at > max(joins_to) OVER before, true) AS opens FROM kept
    WINDOW before AS (PARTITION BY pnr, care ORDER BY start_at, contact
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
numbered AS (
    SELECT *, sum(opens::INTEGER) OVER (PARTITION BY pnr, care ORDER BY start_at, contact
                                        ROWS UNBOUNDED PRECEDING) AS nth FROM marked),
chained AS (
    SELECT pnr, care, min(start_at) AS start_at, max(joins_to) AS joins_to,
           CASE WHEN bool_or(end_at IS NULL) THEN NULL ELSE max(end_at) END AS end_at,
           arg_min(acute, (start_at, contact)) AS acute, arg_min(code, (start_at, contact)) AS code,
           bool_or(inpatient) AS inpatient
    FROM numbered GROUP BY pnr, care, nth)
SELECT *, date_diff('minute', start_at, end_at) / 60.0 AS hours,
       inpatient OR coalesce(date_diff('minute', start_at, end_at) >= 720, false) AS admission
FROM chained;
