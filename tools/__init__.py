"""Maintainers' tools: corpus, training, evaluation of the shipped models."""
