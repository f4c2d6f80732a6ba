"""The domain: what is known about people, when it was known, and what it means for their care."""
