"""Films the engine at work, step by step: `xray`. Only `film/engine.py` looks into vLLM's scheduler."""
