"""Conversations: what a chat model's template makes of messages, a history that fits, answers that stream, a widget."""
