"""Stories, tips and pieces of code that the assistant knows."""

# ruff: noqa: E501  a template stays on one line

STORIES = [
    'Once upon a time there was a <kind> <animal> who lived in <place>. One <weekday> the <animal> found a <look> <treasure>. Nobody knew whose it was, so the <animal> asked everybody. In the evening a <job> came and said, "It is mine." The <job> was so <mood> that they all ate <food> together.',
    'Once upon a time a <kind> <animal> wanted to see the sea. It walked for <small> days, through <weather> fields and over a high hill. When it saw the water at last, it was <mood>. "The sea is big enough for everybody," said the <animal>, and it stayed until the moon came up.',
    'A <kind> <animal> and a <colour> bird lived in the same garden. One <weekday> the <animal> found <small> <fruit>. "Let us share," said the <animal>. They ate together under a tree, and from that day on they were friends.',
    'One night the moon came down to the lake to look at itself. A <kind> <animal> sat on the bank. "Are you lonely up there?" asked the <animal>. "Sometimes," said the moon. "Then I will look up every night," said the <animal>.',
    'A farmer had a <animal> that could count. "How much is two and two?" asked the farmer. The <animal> knocked four times on the ground. "And what is the meaning of life?" asked the farmer. The <animal> thought for a while and then went to eat <fruit>.',
    "There was once a <animal> who could not sleep. It counted the stars, but there were too many. It asked the wind for a song, and the wind sang about <place>. Before the song was over, the <animal> slept, and it dreamed of <food>.",
]
TIPS = {
    "learning": [
        ("Start small.", "Ten minutes a day are enough."),
        ("Ask questions.", "Nobody knows everything."),
        ("Make mistakes.", "You learn most from them."),
        ("Explain it.", "What you can explain, you know."),
        ("Rest well.", "The mind learns while you sleep."),
    ],
    "programming": [
        ("Write small programs.", "Run them often."),
        ("Read the errors.", "They say what is wrong."),
        ("Use clear names.", "You will read them again."),
        ("Test your code.", "A test finds what you forget."),
        ("Read good code.", "It shows you new ways."),
    ],
    "cooking": [
        ("Taste often.", "Add salt step by step."),
        ("Use fresh food.", "Simple dishes need it."),
        ("Prepare first.", "Cut everything before you begin."),
        ("Take your time.", "A soup gets better slowly."),
        ("Keep it simple.", "Three things can be enough."),
    ],
    "sleeping": [
        ("Turn off the screen.", "Read a book instead."),
        ("Keep the room dark.", "Light wakes you up."),
        ("Go to bed early.", "The same time is best."),
        ("Drink no coffee.", "Tea with herbs is better."),
        ("Breathe slowly.", "Count to ten and begin again."),
    ],
    "travelling": [
        ("Pack little.", "You need less than you think."),
        ("Talk to people.", "They know the best places."),
        ("Take a map.", "It works without a battery."),
        ("Start early.", "The mornings are quiet."),
        ("Stay curious.", "The small streets are the best."),
    ],
    "saving energy": [
        ("Turn off the light.", "An empty room needs none."),
        ("Close the window.", "Warm air stays inside."),
        ("Wash cold.", "It is good for the clothes, too."),
        ("Ride a bicycle.", "It needs no fuel."),
        ("Dry in the sun.", "It costs nothing."),
    ],
}
CODE = {
    "prints hello": 'print("Hello")',
    "counts to ten": "for number in range(1, 11):\n    print(number)",
    "adds two numbers": "def add(one, two):\n    return one + two",
    "reads a file": 'with open("file.txt") as file:\n    print(file.read())',
    "reverses a text": "def reverse(text):\n    return text[::-1]",
    "counts the words of a text": "def count(text):\n    return len(text.split())",
}
