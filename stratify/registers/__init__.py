"""Register tables declared once, read from files, checked row by row, and the clock that says when a row was known."""
