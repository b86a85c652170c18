"""What a chat at a terminal is built on: the line that is typed, the answer that grows, the commands."""
