"""The quizzes of the lessons: questions, the widget, and what was missed, asked again when it is due."""
