"""Sentences about daily life and about the words of this course; the first defines, the others stand on their own."""

# ruff: noqa: E501  a template stays on one line

LIFE = {
    "a token": [
        "A token is [a piece of text that a language model reads or writes|the unit in which a language model reads and writes].",
        "[It can be a word, a part of a word or a single character.|Short words are often one token, and long words are several.]",
        "[A tokenizer cuts the text into tokens and gives each of them a number.|Each token has a number in the vocabulary of the model.]",
        "[The length of a prompt is counted in tokens.|The cost and the time of an answer grow with the number of tokens.]",
    ],
    "temperature": [
        "Temperature is [a number that tells how hot or cold something is|a measure of heat].",
        "[In a language model, it decides how bold the choice of the next token is.|For a language model, a low temperature gives safe answers, and a high one gives wild answers.]",
        "[At temperature zero, the model always takes the most likely token.|At a high temperature, unlikely tokens get a chance.]",
        "[Water freezes at zero degrees Celsius.|It is measured with a thermometer.]",
    ],
    "a prompt": [
        "A prompt is the text that a language model is asked to continue.",
        "[A clear prompt leads to a better answer.|Small changes of the prompt can change the whole answer.]",
        "[An example in the prompt often helps.|It can be a question, a command or the beginning of a story.]",
        "[Say what you want, for whom, and how long it should be.|Short and clear sentences are best.]",
    ],
    "a robot": [
        "A robot is a machine that can move and do tasks by itself.",
        "[Robots build cars, clean floors and explore other planets.|Some robots help in hospitals, and others work in factories.]",
        "[It uses sensors to see and motors to move.|A program tells it what to do.]",
        "[Robots do not get tired, but they need power and care.|A good robot is safe, useful and easy to stop.]",
    ],
    "deep learning": [
        "Deep learning is machine learning with neural networks of many layers.",
        "[Each layer finds patterns in the output of the layer before.|The first layers find simple shapes, and the last layers find whole things.]",
        "[It needs much data and fast processors.|Graphics cards made it fast enough to be useful.]",
        "[It is used for pictures, speech and texts.|Most language models are built with it.]",
    ],
    "love": [
        "Love is [a deep feeling for somebody|to wish somebody well with all your heart|more than a feeling: it is something that we do].",
        "[It is patient and kind.|It grows when it is shared.]",
        "[It can be love for a person, for an animal or for the whole world.|Parents, friends and couples feel it in different ways.]",
        "[Small deeds show it better than big words.|It listens, it forgives and it waits.]",
    ],
    "happiness": [
        "Happiness is [a warm and calm feeling|a feeling of joy that comes from inside|when what you think, say and do fit together].",
        "[It often comes when we do not look for it.|Small things can bring it: a song, a walk, a cup of tea.]",
        "[Those who are grateful are often happy.|Good friends and a useful task make it grow.]",
        "[Money helps a little, but not for long.|It doubles when it is shared.]",
    ],
    "success": [
        "Success is [reaching a goal that matters to you|the sum of many small steps].",
        "[It needs time, practice and some luck.|Most of it is patience.]",
        "[Mistakes are part of the way.|Those who never fail have never tried anything new.]",
        "[It is sweeter when you share it.|Nobody reaches it alone.]",
    ],
    "travel": [
        "Travel is [a good way to see the world|a way to meet new places and new people].",
        "[It shows us that there is more than one way to live.|Those who travel learn new words and taste new food.]",
        "[You can go by train, by ship, by bicycle or on foot.|A small bag is better than a large one.]",
        "[The best part is often coming home.|A journey of a thousand miles begins with one step.]",
    ],
    "the sea": [
        "The sea is [wide, deep and salty|a great body of salt water].",
        "[It is the home of fish, whales and many small animals.|Ships carry people and goods across it.]",
        "[The moon makes its water rise and fall twice a day.|The wind makes its waves.]",
        "[On a clear day it is blue, and in a storm it is grey.|Children build castles of sand on its shore.]",
    ],
    "flowers": [
        "Flowers are the [colourful|beautiful] parts of plants from which seeds come.",
        "[Roses, tulips and daisies grow in many gardens.|They are red, yellow, blue, white and purple.]",
        "[Their smell and colour call bees and butterflies.|Bees visit them and carry their pollen away.]",
        "[They need light, water and good soil.|A bunch of flowers says more than many words.]",
    ],
    "horses": [
        "Horses are large, strong and gentle animals.",
        "[They carried people and goods for thousands of years.|In former times they pulled carts and ploughs.]",
        "[They eat grass, hay and oats.|They can sleep while they are standing.]",
        "[A young horse is called a foal.|They live in groups and like company.]",
    ],
    "mathematics": [
        "Mathematics is the science of numbers, shapes and patterns.",
        "[It is a language that is the same everywhere.|Its truths do not change with time.]",
        "[It is used to build bridges, to send messages and to predict the weather.|Without it, there would be no computers.]",
        "[A proof shows that something must be true.|Drawing a picture often helps to solve a problem.]",
    ],
    "science": [
        "Science is a way of finding out how the world works.",
        "[It begins with a question.|First there is a question, then a guess, and then a test.]",
        "[A good experiment can be repeated by others.|An idea that fails the test is changed or given up.]",
        "[It has given us medicine, light and safe water.|It is never finished, because each answer brings new questions.]",
    ],
    "art": [
        "Art is [something that people make to express thoughts and feelings|a way to show what words cannot say].",
        "[It can be a painting, a song, a dance or a building.|Painters, poets and musicians make it.]",
        "[Two people can look at the same picture and see different things.|It does not have to be useful to be important.]",
        "[Everybody can make it: a pencil and some paper are enough.|Museums keep it for those who come after us.]",
    ],
    "coffee": [
        "Coffee is a [hot|dark] drink made from roasted beans.",
        "[It wakes people up in the morning.|Many people drink it for breakfast.]",
        "[The beans grow on small trees in warm countries.|Brazil, Vietnam and Colombia grow a lot of it.]",
        "[Some drink it black, and others take milk and sugar.|Too much of it in the evening keeps you awake.]",
    ],
    "health": [
        "Health is [the well-being of body and mind|one of the greatest treasures that we have].",
        "[Good food, sleep and movement help to keep it.|A walk every day is good for the heart.]",
        "[Friends and laughter are good for it, too.|Washing your hands protects you and others.]",
        "[When you feel ill for a long time, see a doctor.|It is easier to keep than to get back.]",
    ],
    "a city": [
        "A city is a large place where many people live and work.",
        "[It has streets, schools, shops, parks and hospitals.|It has buses, trains and many bicycles.]",
        "[It is never quite dark and never quite silent.|People from many countries live there side by side.]",
        "[Parks and trees make it cooler in summer.|In its museums and theatres there is always something new.]",
    ],
    "a garden": [
        "A garden is a place where people grow flowers, fruit and vegetables.",
        "[It needs water, sun and patience.|In spring you sow, and in autumn you harvest.]",
        "[Birds and bees like it too.|A bench under a tree is the best place in it.]",
        "[Working in it makes the mind calm.|Nothing tastes better than your own tomatoes.]",
    ],
}
