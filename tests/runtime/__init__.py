"""Tests of what is around an engine."""
