"""A server: what its settings amount to, its process, and a client that sees how it does."""
