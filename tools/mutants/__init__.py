"""Solutions broken by machine: which mistakes a check lets pass, and which of its guards nothing proves."""
