"""What is around an engine: variables, threads, GPUs, its log, Ctrl-C, and the person who waits."""
