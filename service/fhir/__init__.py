"""Returns what the service knows in the shapes of FHIR R4 (4.0.1): searches for one person, targets, the audit log.

Source: HL7 FHIR 4.0.1. A façade: nothing is stored in these shapes, nothing is written through them.
"""
