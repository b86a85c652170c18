"""Sentences about science, culture and daily life; the first of each topic defines it, the others stand on their own."""

# ruff: noqa: E501  a template stays on one line

WORLD = {
    "rain": [
        "Rain is water that falls from the clouds [in small drops|].",
        "[It fills rivers and lakes and lets plants grow.|Farmers are glad when it comes at the right time.]",
        "[When the sun shines through the drops, a rainbow appears.|After the rain, the air smells fresh.]",
        "[A good coat and an umbrella keep you dry.|On a rainy day, a warm room and a good book are a fine thing.]",
    ],
    "colours": [
        "Colours are [the way in which our eyes see light|what our eyes make of light].",
        "[Blue and yellow paint make green, and red and yellow paint make orange.|Red and blue paint make purple.]",
        "[A rainbow shows red, orange, yellow, green, blue and violet.|White light contains all the colours of the rainbow.]",
        "[The sky is blue, grass is green and snow is white.|Ripe cherries are red, lemons are yellow and coal is black.]",
    ],
    "music": [
        "Music is [sound that is put in order|the art of sounds].",
        "[It has melody, rhythm and harmony.|A melody goes up and down, and the rhythm moves it on.]",
        "[People sing at work, at feasts and at home.|It can make us happy, calm or sad.]",
        "[Learning an instrument takes patience, but every week it gets easier.|A little practice every day is better than a lot once a week.]",
    ],
    "books": [
        "Books are [doors to other worlds|a way to keep thoughts for a long time].",
        "[A good book can teach, comfort and surprise us.|In a book we can meet people from other times.]",
        "[A library lends them to everybody.|In a library you can read for free.]",
        "[Reading a little every evening is a good habit.|The more you read, the easier it becomes.]",
    ],
    "friendship": [
        "Friendship is [trust between people who like each other|one of the best things in life].",
        "[A good friend listens and tells the truth.|A friend is glad when you are glad and helps when you are sad.]",
        "[Friends share time, jokes and worries.|It grows slowly, like a tree.]",
        "[It takes a minute to find a friend and years to know one.|To have a good friend, be a good friend.]",
    ],
    "sleep": [
        "Sleep is the time in which body and mind rest.",
        "[Most adults need seven to nine hours of it.|Children need more of it than adults.]",
        "[A dark, quiet and cool room helps.|It helps to go to bed at the same time every day.]",
        "[While we sleep, the brain sorts what we have learned.|After a good night, learning is easier.]",
    ],
    "gravity": [
        "Gravity is the force that pulls things towards each other.",
        "[It makes an apple fall from the tree to the ground.|It holds us on the ground.]",
        "[It keeps the moon near the Earth and the Earth near the sun.|The larger a body is, the stronger it pulls.]",
        "[Isaac Newton described it with a simple law.|Albert Einstein explained it as a bend of space and time.]",
    ],
    "electricity": [
        "Electricity is the flow of tiny charged particles[ through a wire|].",
        "[It gives us light, heat and moving machines.|Lamps, trains and computers need it.]",
        "[It can be made from wind, water, sunlight, coal or gas.|A wind turbine turns moving air into electricity.]",
        "[Metals carry it well, but rubber and glass do not.|It is useful and dangerous, so wet hands should stay away.]",
    ],
    "renewable energy": [
        "Renewable energy is energy from sources that do not run out, such as sun, wind and water.",
        "[Solar panels turn sunlight into electricity.|Wind turbines turn moving air into electricity.]",
        "[It makes less smoke than coal and oil.|It helps to keep the air clean.]",
        "[Because the sun does not always shine, we also need ways to store it.|Batteries store it for the night.]",
        "[Every year more of it is built.|In the future, it will power many homes and cars.]",
    ],
    "the human body": [
        "The human body is made of [bones, muscles, organs and skin|billions of small cells].",
        "[The heart pumps blood through the body.|The heart beats about seventy times a minute.]",
        "[The lungs take oxygen from the air.|The brain controls what we think and do.]",
        "[An adult has 206 bones.|The skin is its largest organ.]",
        "[Sleep, movement and good food keep it healthy.|It needs water, food and rest.]",
    ],
    "history": [
        "History is the study of the past.",
        "[It tells how people lived, worked and thought.|It asks what happened and why.]",
        "[Old letters, buildings and tools are its sources.|Historians compare many sources before they believe one.]",
        "[Those who know the past can understand the present better.|It helps us to understand the world of today.]",
    ],
    "school": [
        "School is a place where people learn together.",
        "[Pupils learn to read, to write and to count.|There are lessons in languages, mathematics, music and sport.]",
        "[A good teacher explains things clearly and is patient.|Good questions are as important as good answers.]",
        "[Friends from school often stay friends for life.|In the breaks, the pupils play and talk.]",
    ],
    "the weather": [
        "The weather is what happens in the air around us: sun, rain, wind and snow.",
        "[It can change from hour to hour.|In the mountains it changes quickly.]",
        "[Clouds bring rain, and wind brings clouds.|Warm air rises, and cold air sinks.]",
        "[A forecast tells us whether to take an umbrella.|Scientists measure temperature, wind and pressure to predict it.]",
    ],
    "the seasons": [
        "There are four seasons: spring, summer, autumn and winter.",
        "[In spring, flowers begin to grow.|In spring, the days become longer.]",
        "[Summer is warm, and many people travel.|In summer, the sun sets late.]",
        "[In autumn, the leaves turn red and yellow and fall.|Autumn is the time of apples and pears.]",
        "[In winter, it is cold, and in many places it snows.|Winter has short days and long nights.]",
    ],
    "tea": [
        "Tea is a [warm|hot] drink made from leaves and water.",
        "[It is drunk all over the world.|People in China drank it thousands of years ago.]",
        "[Black tea, green tea and white tea come from the same plant.|Some people drink it with milk, lemon or sugar.]",
        "[A cup of tea is a good reason to sit down and talk.|It keeps you warm on a cold day.]",
    ],
    "sport": [
        "Sport is movement that is fun and keeps us fit.",
        "[Football, tennis and swimming are popular.|Some people play in a team, and others like to run alone.]",
        "[It is good for the heart and for the mind.|It makes the body strong and the mind calm.]",
        "[Winning is nice, but fair play is more important.|A good team helps its weakest player.]",
    ],
    "money": [
        "Money is [something that people use to pay for things|a tool for trade].",
        "[Before there was money, people exchanged goods.|It can be a coin, a note or a number in a bank.]",
        "[It is wise to save a part of it.|Those who spend less than they earn can save.]",
        "[It can buy a bed but not sleep.|It is useful, but it does not make a friend.]",
    ],
    "kindness": [
        "Kindness is doing something good for others without asking for a reward.",
        "[A smile, a small gift or a helping hand can change a day.|It costs nothing and is worth a lot.]",
        "[Kind words are easy to say and hard to forget.|It often comes back to the one who gives it.]",
        "[Anybody can begin with a small deed today.|It makes two people happy: the one who gives and the one who takes.]",
    ],
}
