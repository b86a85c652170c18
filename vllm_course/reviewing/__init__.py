"""Answers to the quizzes: taken, judged, kept, and asked for again when they are due."""
