"""Beginnings of sentences with many true or sensible ends; what a learner is likely to type first."""

# ruff: noqa: E501  a template stays on one line

ENDS = {
    "The future of AI is": [
        "[bright|open|full of possibilities|hard to predict], but [it depends on what people do with it|it needs careful people|nobody knows it exactly].",
        "[not written yet|in our hands]. [It depends on the people who build it and use it.|We can decide what it will be used for.]",
        "[exciting|promising]: machines will help us to [learn faster|find new medicines|understand the world|care for sick people].",
        "[likely to change|going to change] the way we [work|learn|travel] and [live|play|think].",
    ],
    "The meaning of life is": [
        "[to be happy and to make others happy|to learn, to love and to help others|to find joy in small things|to grow and to help others grow].",
        "[a question that everybody answers in a different way|something that each of us must find|not the same for everybody].",
        "[to give your days a purpose|to do good and to enjoy the way|to be kind and to stay curious].",
    ],
    "The best way to learn programming is": [
        "to [write|build] small programs [every day|again and again], [to read the errors carefully and to try again|to make mistakes and to fix them].",
        "to [start with a small project|choose a project that you like] and to [improve it step by step|work on it a little every day].",
        "[by doing it|to practise]: write a few lines, run them, and see what happens.",
        "to [read good code|learn with a friend|ask questions] and to [write your own|explain to others what you have learned].",
    ],
    "The best food is": [
        "[simple and fresh|the food that you share with friends|warm <food> on a cold day|<food> with a little salt].",
        "[made with fresh vegetables|cooked slowly|the one that your <relative> makes].",
    ],
    "My favourite animal is": [
        "the <animal>, because it is <kind>[ and beautiful|].",
        "the <animal>. I saw one [near <city>|in the garden|last <season>].",
    ],
    "My favourite colour is": [
        "<colour>, because it reminds me of [the sea|summer|the forest|my garden|home].",
        "<colour>. My [door|coat|bicycle|bag] has this colour too.",
    ],
    "My favourite food is": [
        "<food>. [My <relative> makes it every <weekday>.|I could eat it every day.]",
        "<food> with <fruit>.",
    ],
    "My favourite book is": [
        "[a story about a <kind> <animal>|a book about <subject>|an old book of tales]. [I have read it <small> times.|My <relative> gave it to me.]"
    ],
    "My favourite season is": [
        "<season>, because [the days are calm|I can go outside|it is good for <hobby>|the light is beautiful]."
    ],
    "In the future,": [
        "[people will|many of us will|we will] [work less and learn more|travel in quiet electric trains|live longer|use clean energy] and [have more time for friends|take better care of the Earth|talk with helpful machines].",
        "[cars will drive by themselves|every roof will make electricity|computers will understand us better], [and the streets will be quiet|and the air will be clean|but people will still tell stories].",
    ],
    "The weather today is": [
        "<weather>[ and <weather>|], with [a light wind from the west|a few clouds|a clear sky in the evening|some rain at night].",
        "<weather>, so [take an umbrella|take a warm coat|it is a good day for a walk|we will stay at home].",
    ],
    "A good teacher": [
        "[explains things clearly and is patient|listens to every pupil|makes hard things easy|asks good questions].",
        "[never stops learning|is kind, fair and well prepared].",
    ],
    "A good friend": [
        "[listens, helps and tells the truth|is glad when you are glad|is there when you need help].",
        "[keeps a secret and shares a joke|never laughs at your mistakes].",
    ],
    "I like to": [
        "[read books|go for a walk|play the <instrument>|cook <food>|swim in the sea|talk with my <relative>] [in the evening|in <season>|on <weekday>s|when it is <weather>].",
        "[sing|draw|dance|cook|travel], and I also like <hobby>.",
    ],
    "I want to": [
        "[learn the <instrument>|visit <city>|become a <job>|write a book|plant a tree|learn <language>][ one day| next year| this <season>|].",
    ],
    "I love": [
        "<hobby>, <hobby> and <food>.",
        "the [smell of <food>|sound of the <instrument>|light of <season>][ in the morning|].",
    ],
    "I think that": [
        "[kindness is more important than money|everybody can learn to program|a walk helps to think|good questions are as important as good answers]."
    ],
    "Today is": [
        "<weekday>, and [it is <weather>|I have a lot of time|we will go to <city>].",
        "a [good|fine|quiet|busy] day for <hobby>.",
    ],
    "Today I": [
        "[made <food>|met my <relative>|worked in the garden|learned a new word in <language>|walked to the river] and [felt <mood>|had a good time|slept well]."
    ],
    "Yesterday": [
        "I [went to the market and bought <fruit>|met an old friend in <city>|read a book about <subject>|fixed my <colour> bicycle]. [It was a <weather> day.|In the evening I was tired but [happy|glad|calm].]"
    ],
    "The sky is": [
        "blue [during the day and black at night|because the air scatters blue light most].",
        "[grey and full of clouds|clear, and the stars are bright].",
    ],
    "The most important thing in life is": [
        "[love|friendship|health|to be kind|time with the people you love|to stay curious]."
    ],
    "The secret of happiness is": [
        "[to enjoy small things|to be grateful|good friends and enough sleep|to want a little less and to give a little more]."
    ],
    "The best time to": [
        "[plant a tree|start learning|visit <city>|write a letter] is [now|in <season>|in the morning|today]."
    ],
    "The best way to": [
        "[learn a language is to speak it every day|make a friend is to be one|keep a secret is to tell nobody|cook <food> is to take your time]."
    ],
    "People say that": [
        "[time heals|practice makes perfect|two heads are better than one|the early bird catches the worm|laughter is the best medicine]."
    ],
    "If I had a million dollars,": [
        "I would [build a school|travel to <city>|buy a house for my <relative>|plant a forest] and [save the rest|share it with my friends|still work as a <job>]."
    ],
    "When I was a child,": [
        "I [wanted to be a <job>|lived in <place>|was afraid of the dark|had a <colour> bicycle]. [Now I am a <job> in <city>.|I still remember it well.|My <relative> told me a story every evening.]"
    ],
    "In my opinion,": [
        "[a <job> has the best job in the world|<season> is the best season|<hobby> is the best hobby|every town needs a library]."
    ],
    "There is": [
        "[a <colour> bird in the garden|a letter on the table|a small shop at the corner|a bridge over the river][, and it is <look>|]."
    ],
    "This is": [
        "[a story about a <kind> <animal>|my friend <name>|the house of my <relative>|a good day for <hobby>]."
    ],
    "My name is": ["<name>[, and I am a <job>|, and I live in <city>|]. [I like <hobby>.|Nice to meet you!]"],
    "She": [
        "[is a <kind> <job> and lives in <city>|opened the door and smiled|plays the <instrument> every <weekday>|wrote a letter to her <relative>]."
    ],
    "He": [
        "[is a <kind> <job> and lives in <city>|closed the book and went outside|plays the <instrument> every <weekday>|made <food> for his <relative>]."
    ],
    "We": [
        "[went to <city> last <season>|sat in the garden and ate <fruit>|are learning <language> together|walked along the river until it was dark]."
    ],
    "My dream is": [
        "to [travel to <city>|open a small bakery|write a book|play the <instrument>|build a house by the sea][ one day|]."
    ],
    "My dog": [
        "[is called Max and likes to run in the park|sleeps under my desk all day|is <kind>, but it is afraid of the <animal> next door]."
    ],
    "The cat": [
        "[sat on the window and looked at the birds|sleeps on the <colour> chair all day|drank its milk and went outside]."
    ],
    "The dog": [
        "[ran through the garden and barked at the postman|lay at the door and waited for <name>|found a <look> ball in the grass]."
    ],
    "The old man": [
        "[sat on a bench and fed the birds|told us a story about the sea|lived in <place> with his <animal>]."
    ],
    "It was a dark": [
        "[and rainy night|and stormy evening]. [<name> sat by the fire and read a book.|A <animal> knocked at the door.|The wind sang in the trees.]"
    ],
    "Last night": [
        "I [had a strange dream: a <animal> played the <instrument>|could not sleep, so I counted sheep|saw <small> falling stars]."
    ],
    "Tomorrow": [
        "[I will visit my <relative> in <city>|we will go to the market|I will start with <hobby>]. [I hope it will not rain.|I am already <mood>.]"
    ],
    "Computers are": [
        "[machines that follow instructions very quickly|useful tools, but they do only what they are told]."
    ],
    "Learning is": [
        "[easier when you are curious|like walking up a hill: the view gets better with every step|fun when you do it with friends]."
    ],
    "The world is": ["[full of wonders|larger than any map|a book, and those who stay at home read only one page]."],
    "Life is": [
        "[a journey, and every day is a step|short, so be kind|like riding a bicycle: to keep your balance, you must move on]."
    ],
    "The first step": [
        "is [often the hardest|to begin|to ask a good question]. [Then it gets easier.|After that, go on step by step.]"
    ],
    "I am": ["[a <job> from <city>|learning <language>|looking for my <treasure>|<mood> today]."],
    "I live in": [
        "<city>, [near the river|in a small street|close to the station]. [It is a quiet place.|I like it very much.|I work there as a <job>.]"
    ],
    "You should": ["[drink enough water|read a little every day|always be honest|take an umbrella with you]."],
    "It is": [
        "[<weekday>, and the shops are open until <small> o'clock|never too late to learn|a long way to <city>]."
    ],
    "Every morning": [
        "I [drink a cup of tea and read the news|run along the river|feed my <animal>|water the flowers]."
    ],
    "My grandmother": ["[makes the best <food> in <city>|tells the best stories|has a garden full of <fruit>]."],
    "One day": [
        "[a <animal> came to our house|I found a <look> <treasure> in the attic]. [Nobody knew where it came from.|It was a surprise.|I still think about it.]",
        "I [will|want to] travel around the world.",
    ],
    "The weather tomorrow will be": ["<weather>[ and <weather>|], with [a light wind|a little rain|much sun]."],
    "Hello, world!": [
        "[This is my first program.|It is a good day to learn something new.|Every programmer starts with these two words.]"
    ],
    "Good morning!": [
        "[Did you sleep well?|The sun is shining, and the coffee is ready.|What are your plans for today?]"
    ],
    "How are you?": ["[I am fine, thank you.|Very well, thank you. And you?|I am a little tired, but <mood>.]"],
    "Thank you": [
        "[very much for your help|for the <treasure>|for your letter]. [It made me very <mood>.|I will not forget it.]"
    ],
}

MORE = {
    "The future of AI is": [
        "[Doctors will use it to find illnesses early.|Teachers will use it to help every pupil in the right way.|Farmers will use it to save water.]",
        "[Simple tasks will be done by machines.|Boring work will be done by machines, and people will have more time.]",
        "[However, it must be safe and fair.|But we must make sure that it is safe, fair and useful for everybody.|Good rules will be as important as good models.]",
        "[Those who learn to use it well will profit most.|People will still need to think for themselves.|People and machines will work side by side.]",
    ],
    "The meaning of life is": [
        "[Some find it in their work, and some find it in their family.|Some people find it in art, and others find it in helping.]",
        "[Love, friendship and curiosity are a good start.|Good friends and a useful task are a good start.]",
        "[It is not a place that we reach, but a way that we walk.|The way is as important as the end.]",
        "[Ask a child, a farmer and a poet, and you will hear three answers.|Perhaps the question is more important than the answer.]",
    ],
    "The best way to learn programming is": [
        "[Do not be afraid of errors, because each error teaches you something.|Every error message is a small lesson.]",
        "[Python is a good first language.|Choose one language and stay with it for some months.]",
        "[Read the code of others and change it.|Explain your code to a friend.]",
        "[A little practice every day is better than a long night once a month.|After a few weeks you will be surprised how much you can do.]",
    ],
}
