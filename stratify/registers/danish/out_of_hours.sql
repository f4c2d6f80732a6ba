SELECT pnr AS source_id, {day:kontakttidspunkt} AS day, {day:kontakttidspunkt} + {delay:laegevagt} AS known,
       form AS code, {minute:kontakttidspunkt} AS start_min
FROM laegevagt
