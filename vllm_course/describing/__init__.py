"""What a model is before it is loaded: its configuration, the sizes in it, and the headers of its weights."""
