SELECT pnr AS source_id, {day:alarmtidspunkt} AS day, {day:alarmtidspunkt} + {delay:praehospital} AS known,
       hastegrad AS code, udfald AS outcome, {minute:alarmtidspunkt} AS start_min
FROM praehospital
