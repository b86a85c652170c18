"""A model behind any server that speaks OpenAI's API: its answers, its tokens, and a history that fits."""
