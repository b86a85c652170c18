"""Where an engine's memory goes: `plan` computes it before anything is loaded, `measured` asks an engine."""
