"""The HTTP server that a check gives to a learner's client: it says and fails as it is told, and notes each request."""
