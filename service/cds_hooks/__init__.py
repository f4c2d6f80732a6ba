"""Returns decision support in the journal itself: CDS Hooks 2.0, for `patient-view` and `encounter-discharge`.

Source: CDS Hooks 2.0 (HL7). A card says what is known and suggests; nothing is ever done without a click.
"""
