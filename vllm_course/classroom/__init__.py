"""A class: many learners' exports as one report for their instructor, pseudonyms, and certificates."""
