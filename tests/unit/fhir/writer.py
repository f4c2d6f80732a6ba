"""A person's events in the store, written as the FHIR resources that carry them."""

from datetime import date

from stratify.registers.clock import day_number, day_of

SKS, ATC, NPU = "urn:oid:1.2.208.176.2.4.12", "http://www.whocc.no/atc", "http://npu-terminology.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PRIORITY = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
SNOMED = "http://snomed.info/sct"
CARE = {"psychiatric": "394587001", "somatic": "394579002"}  # psychiatry, cardiology
CLASSES = {"inpatient": "IMP", "emergency": "EMER", "outpatient": "AMB", "virtual": "VR", "home": "HH", "other": "FLD"}
SUBJECT = {"reference": "Patient/p1"}
LPR_A = day_number(date(2019, 2, 3))  # the contacts before it count in another way
UNITS = {"NPU27300": "mmol/mol", "NPU18016": "umol/L", "DNK35302": "mL/min/1.73m2", "NPU19748": "mg/L",
         "NPU01568": "mmol/L", "NPU01567": "mmol/L", "NPU01566": "mmol/L", "NPU04094": "mmol/L", "NPU02319": "mmol/L",
         "NPU03230": "mmol/L", "NPU03429": "mmol/L", "NPU19651": "U/L", "NPU19673": "g/L", "NPU03577": "mIU/L",
         "NPU19661": "mg/g"}  # fmt: skip


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def status(code):
    return {"coding": [{"code": code}]}


def patient(system="urn:stratify:synthetic", value="000000000001", born="1950-03-04", gender="female", **more):
    named = [{"system": system, "value": value}]
    return {"resourceType": "Patient", "id": "p1", "identifier": named, "birthDate": born, "gender": gender, **more}


def condition(code, onset=None, *, system=SKS, **more):
    dated = {} if onset is None else {"onsetDateTime": str(onset)}
    return {"resourceType": "Condition", "subject": SUBJECT, "code": concept(system, code), **dated, **more}


def statement(code, on=None, *, taken="completed", **more):
    dated = {} if on is None else {"effectiveDateTime": str(on)}
    told = {"resourceType": "MedicationStatement", "status": taken, "subject": SUBJECT}
    return {**told, "medicationCodeableConcept": concept(ATC, code), **dated, **more}


def encounter(kind, start, end=None, *, care="somatic", acute=None, came="finished", **more):
    period = {"start": str(start)} | ({} if end is None else {"end": str(end)})
    told = {"resourceType": "Encounter", "status": came, "subject": SUBJECT, "period": period}
    told["class"] = {"system": ACT, "code": kind}
    if care:
        told["serviceType"] = concept(SNOMED, CARE[care])
    if acute is not None:
        told["priority"] = concept(PRIORITY, "A" if acute else "EL")
    return {**told, **more}


def observation(code, on, value=None, unit=None, *, system=NPU, **more):
    told = {"resourceType": "Observation", "status": "final", "subject": SUBJECT, "code": concept(system, code)}
    if value is not None:
        told["valueQuantity"] = {"value": value, "unit": unit or UNITS.get(code, "1")}
    return {**told, "effectiveDateTime": str(on), **more}


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources], **more}


def prefetch(conditions=(), medications=(), encounters=(), observations=(), who=None):
    """A whole prefetch: every key is there."""
    return {
        "patient": who or patient(),
        "conditions": bundle(*conditions),
        "medicationStatements": bundle(*medications),
        "medicationRequests": bundle(),
        "encounters": bundle(*encounters),
        "observations": bundle(*observations),
    }


def written(store, number, source_id, t):
    """Return the prefetch of a person as they were known before a day."""

    def read(domain, *columns):
        where = f"person = {number} AND day < {t} AND known < {t}"
        found = store.read(domain, ["day", *columns], bucket=number % store.buckets, where=where)
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]

    people = {name: values[number] for name, values in store.persons().items()}
    diagnoses = [row for row in read("diagnosis", "code", "kind", "care", "setting") if row["kind"] in ("A", "B", "G")]
    conditions = [condition(f"D{row['code']}", day_of(row["day"]), id=f"c{n}") for n, row in enumerate(diagnoses)]
    contacts = read("contact", "end_day", "start_min", "end_min", "setting", "acute", "care")
    contacts = [row for row in contacts if row["day"] >= LPR_A]
    return prefetch(
        who=patient(
            store.manifest["results"]["delivery"]["system"], source_id, day_of(people["birth"]).isoformat(),
            {1: "male", 2: "female"}.get(int(people["sex"]), "unknown"),
        ),
        conditions=conditions,
        medications=[statement(row["code"], day_of(row["day"])) for row in read("drug", "code")],
        encounters=[_encounter(row, diagnoses, t) for row in contacts],
        observations=[_observation(row) for row in read("lab", "code", "value", "comparator")],
    )  # fmt: skip


def _encounter(row, diagnoses, t):
    """A contact as an encounter. Its end is told where it was known by the day: it is over, and so is its delay."""
    over = row["end_day"] < t  # never for NaN
    start, end = _moment(row["start_min"]), _moment(row["end_min"]) if over else None
    if row["setting"] == "missed":
        return encounter("AMB", start, came="cancelled")
    alike = ("day", "care", "setting")
    code = [n for n, one in enumerate(diagnoses) if one["kind"] == "A" and all(one[key] == row[key] for key in alike)]
    named = [{"condition": {"reference": f"Condition/c{n}"}, "rank": 1} for n in code[:1]]
    told = {"care": row["care"], "acute": bool(row["acute"]), **({"diagnosis": named} if named else {})}
    return encounter(CLASSES[row["setting"]], start, end, came="finished" if over else "in-progress", **told)


def _observation(row):
    value = None if row["value"] != row["value"] else float(row["value"])
    found = observation(row["code"], day_of(row["day"]), value)
    if row["comparator"] is not None and value is not None:
        found["valueQuantity"]["comparator"] = row["comparator"]
    return found


def _moment(minute):
    days, minutes = divmod(int(minute), 24 * 60)
    return f"{day_of(days)}T{minutes // 60:02}:{minutes % 60:02}:00"
