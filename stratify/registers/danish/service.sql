-- A service is dated by the Monday of the week its fee was claimed in (it came in that week or shortly before), and known
-- from the Sunday of that week and the delay on.
SELECT pnr AS source_id, {day:honuge} AS day, {day:honuge} + 6 + {delay:sssy} AS known, speciale AS code
FROM sssy
