"""Forecasts before a measurement: `predict` asks for a number, `compare` shows how far off it was."""
