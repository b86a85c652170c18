"""Tests of the films."""
