"""Words that fill the slots of the templates."""

# ruff: noqa: E501  a template stays on one line


def words(text: str) -> list[str]:
    """Splits a row of words at its spaces."""
    return text.split()


def choices(text: str) -> list[str]:
    """Splits a row of phrases at its bars."""
    return text.split("|")


GIRLS = words(
    "Alice Amina Anna Beatriz Bella Camila Carla Chloe Clara Daisy Diana Elena Elif Ella Emily Emma Eva Fatima Fiona "
    "Freya Grace Greta Hana Hannah Helen Ines Ingrid Irene Isla Ivy Jana Jasmine Joy Julia Kate Kavya Laila Laura Leah "
    "Lena Lily Linda Lucy Luna Maria Marta Maya Mia Mina Nadia Nina Nora Olga Olivia Paula Petra Priya Rosa Ruth Sakura "
    "Sara Sofia Stella Tara Tessa Uma Vera Wendy Yara Yuki Zara Zoe"
)
BOYS = words(
    "Adam Ahmed Alex Amir Ben Bruno Carlos Chen Daniel David Diego Edgar Eli Emil Erik Felix Finn Frank George Gus Hugo "
    "Hassan Henry Ian Ibrahim Ivan Jack Jakob James Jonas Juan Kai Karim Kenji Kofi Leo Liam Louis Lucas Marco Martin "
    "Mateo Max Mohamed Nathan Nico Noah Oliver Omar Oscar Otto Pablo Paul Pedro Peter Rafael Ravi Robin Sam Samuel Simon "
    "Stefan Theo Thomas Tom Tomas Victor Walter Will Yusuf"
)
COLOURS = words("red blue green yellow purple orange white brown pink silver golden grey")

LEXICON: dict[str, list[str]] = {
    "name": GIRLS + BOYS,
    "girl": GIRLS,
    "boy": BOYS,
    "colour": COLOURS,
    "job": choices(
        "teacher|nurse|doctor|baker|farmer|gardener|engineer|carpenter|painter|musician|student|writer|librarian|pilot|"
        "cook|scientist|programmer|photographer|bus driver|journalist|designer|dentist|mechanic|architect|actor|translator|"
        "biologist|postman|shopkeeper|tailor|lawyer|vet|violinist|electrician|florist|fisherman|firefighter|data scientist|"
        "software developer|history teacher|music teacher|mathematician"
    ),
    "city": choices(
        "Lisbon|Madrid|Paris|Berlin|Vienna|Rome|Oslo|Dublin|London|Prague|Warsaw|Athens|Cairo|Nairobi|Lima|Bogota|"
        "Santiago|Ottawa|Tokyo|Seoul|Hanoi|Bangkok|Delhi|Mumbai|Sydney|Toronto|Boston|Chicago|Seattle|Hamburg|Munich|Milan|"
        "Barcelona|Porto|Lyon|Geneva|Zurich|Krakow|Istanbul|Accra|Lagos|Cape Town|Auckland|Montreal|Edinburgh|Bristol"
    ),
    "hobby": choices(
        "reading|cooking|hiking|painting|swimming|cycling|gardening|chess|photography|singing|dancing|running|drawing|"
        "fishing|playing the piano|playing the guitar|watching birds|baking bread|travelling|playing football|writing poems|"
        "collecting stamps|solving puzzles|learning languages|looking at the stars|long walks|old films|board games|"
        "climbing|knitting|camping|skating"
    ),
    "food": choices(
        "bread|soup|rice|pasta|pizza|salad|fruit|cheese|pancakes|apple pie|vegetable soup|fresh bread|noodles|curry|"
        "potatoes|chocolate cake|a good soup|fried rice|beans|dumplings|fish|porridge|an omelette|tomato soup"
    ),
    "fruit": choices("apples|pears|plums|cherries|oranges|bananas|grapes|strawberries|peaches|lemons|mangoes|figs"),
    "animal": choices(
        "fox|rabbit|bear|owl|mouse|cat|dog|squirrel|hedgehog|frog|duck|goat|donkey|turtle|deer|sparrow|badger|"
        "beaver|crow|pony|lamb|otter|mole|swan"
    ),
    "weekday": choices("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"),
    "month": choices("January|February|March|April|May|June|July|August|September|October|November|December"),
    "season": choices("spring|summer|autumn|winter"),
    "relative": choices("sister|brother|mother|father|grandmother|grandfather|aunt|uncle|cousin|friend|neighbour"),
    "subject": choices("mathematics|history|music|biology|geography|chemistry|physics|art|English|computer science"),
    "ordinal": choices("second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"),
    "small": choices("two|three|four|five|six|seven|eight|nine|ten|twelve"),
    "place": choices(
        "a small village|a quiet valley|a little house by the sea|a town on a hill|an old mill by the river|"
        "a cottage at the edge of a forest|a village at the foot of a mountain|a village on a small island|a farmhouse near a lake|"
        "a narrow street in an old town|a lighthouse on a rocky coast|a house with a big garden"
    ),
    "treasure": choices("lantern|key|map|flute|bell|book|clock|kite|compass|drum|ring|seed|mirror|coat|boat|basket"),
    "look": choices("silver|golden|tiny|wooden|shining|strange|beautiful|old|broken|painted"),
    "kind": choices("kind|clever|brave|gentle|curious|cheerful|patient|honest|quiet|careful"),
    "mood": choices("happy|glad|proud|surprised|calm|grateful|excited|hopeful"),
    "weather": choices("sunny|cloudy|rainy|windy|foggy|cold|warm|snowy|mild|hot"),
    "language": choices(
        "English|Spanish|French|German|Italian|Portuguese|Arabic|Chinese|Japanese|Russian|Hindi|Turkish"
    ),
    "instrument": choices("piano|guitar|violin|flute|drum|cello|trumpet|harp"),
    "sport": choices("football|tennis|basketball|swimming|cycling|running|volleyball|hockey"),
}
