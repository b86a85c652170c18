"""The async engine: vLLM's `AsyncLLM`, whose requests come and go while others run."""
