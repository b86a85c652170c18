"""Drills: small services of the real engine in a broken or puzzling state, to be mended by a learner."""
