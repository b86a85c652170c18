"""The settings of a server: from a YAML file and a command line, each with its origin."""
