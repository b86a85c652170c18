"""Conversations without a screen: what a template makes of messages, a history that fits, answers that stream."""
