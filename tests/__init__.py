"""Tests of the course. A package, so that they can share their rules by `from tests...`."""
