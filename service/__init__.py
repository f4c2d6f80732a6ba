"""The HTTP service: one person's risks, reasons and offers, every look-up accounted for."""
