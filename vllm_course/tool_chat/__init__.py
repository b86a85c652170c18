"""A chat with tools at a terminal: what is asked for, shown, kept and given up. The loop is in lesson 09's script."""
