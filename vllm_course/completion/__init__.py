"""What lesson 02's tool is built on: options of the engine, settings, log and results. No screen, no notebook."""
