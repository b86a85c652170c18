"""Maintainers' tools: set-up, notebooks, deriving, mutants, benchmarks; `training/` makes the shipped models."""
