"""One person's chart in FHIR R4 as the store's events: what a clinical system sends along when it asks."""
