"""How a check runs an async answer: an event loop whose clock is the check's, and an engine that says what is told."""
