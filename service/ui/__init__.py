"""The pages: server-rendered, Danish first, nothing from elsewhere, no identifier in an address."""
