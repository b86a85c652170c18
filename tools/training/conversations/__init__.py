"""Generator of the conversations that pocket-chat is trained on, and its chat template."""

from tools.training.conversations.build import Conversation, build_conversations

__all__ = ["Conversation", "build_conversations"]
