"""Sentences about computing; the first of each topic defines it, the others add to it and stand on their own."""

# ruff: noqa: E501  a template stays on one line

COMPUTING = {
    "AI": [
        "[AI, or artificial intelligence,|Artificial intelligence, or AI,] is [the art of making machines that can learn|a field of computer science that builds machines which can learn|the study of programs that learn from examples].",
        "[An AI system|A modern AI system] learns from [many examples|large amounts of data] instead of following fixed rules[ that somebody wrote by hand|].",
        "[It can recognise pictures, translate languages and answer questions.|It can write texts, recognise speech and play games.|Today it helps doctors, teachers, drivers and writers.]",
        "[A language model, for example, predicts the next word of a text.|A language model is one kind of AI: it predicts the next word again and again.]",
        "[However, AI can make mistakes, so people should check its answers.|AI is a useful tool, but it does not always tell the truth.|Like every tool, AI must be used with care.]",
        "[The quality of the data is important, because a model can only learn what it is shown.|Good data leads to good answers, and poor data leads to poor answers.]",
        "[In the end, people decide how AI is used.|The best results come when people and machines work together.|AI will not replace curiosity, but it can help us to learn.]",
    ],
    "machine learning": [
        "Machine learning is [a way of teaching computers with examples|a part of AI in which programs learn from data].",
        "[Nobody writes down every rule.|The rules are not written by hand.] Instead, the program [finds patterns in the data|changes its numbers until its answers fit the examples].",
        "[First the model is trained, and then it is tested on examples that it has never seen.|A part of the data is kept back to test the model.]",
        "[It is used to filter mail, to recommend films and to recognise faces.|It is used in medicine, in trade and in science.]",
        "[More data often helps more than a clever trick.|A simple model with good data often wins.]",
    ],
    "a language model": [
        "A language model is a program that predicts the next [word|token] of a text.",
        "[It reads the prompt, chooses a token, adds it to the text and repeats.|It writes one token at a time, and each token becomes part of the prompt for the next one.]",
        "[The temperature decides how bold the choice is.|With a low temperature it takes the most likely token, with a high temperature it takes risks.]",
        "[It learns from a large collection of texts.|During training it reads many texts and learns which words follow each other.]",
        "[A small model runs on a laptop, and a large model needs many graphics cards.|Large models know more, but they are slower and need more memory.]",
        "[It can sound sure and still be wrong.|It does not know what is true, so its answers should be checked.]",
    ],
    "vLLM": [
        "vLLM is [a fast engine for running language models|an engine that serves language models quickly].",
        "[It keeps the keys and values of earlier tokens in a cache, so that nothing is computed twice.|Its KV cache is divided into blocks, just like the pages of a computer's memory.]",
        "[It works on many requests at the same time.|With continuous batching, a new request can join while others are still running.]",
        "[Sampling parameters such as temperature and top_p control the text.|The parameter max_tokens limits the length of the answer.]",
        "[A request ends when the model writes its end token or when max_tokens is reached.|The finish reason tells whether the text ended by itself or was cut.]",
        "[It can be used from Python or as a server.|In Python, the class LLM loads a model and generates texts.]",
    ],
    "quantum computing": [
        "[Quantum computing is a new way of computing that uses the rules of very small things.|A quantum computer is a computer that uses the laws of quantum physics.|Quantum computing uses the strange behaviour of very small particles to compute.]",
        "[A normal computer works with bits, and each bit is either zero or one.|Your laptop works with bits that are either zero or one.]",
        "[A quantum computer works with qubits, which can be zero and one at the same time.|A qubit can be in a mix of zero and one until it is measured.|A qubit is like a spinning coin: it is neither heads nor tails until you stop it.]",
        "[This allows it to look at many possibilities together.|With many qubits, it can work on many possibilities at once.]",
        "[For some problems, this is much faster than a normal computer.|For a few hard problems, such as finding the factors of large numbers, this can be much faster.]",
        "[Today, quantum computers are still small and make many errors.|However, qubits are hard to control and easily disturbed by heat and noise.]",
        "[It will not replace your laptop, but it may help to find new medicines and materials.|In the future, it may help scientists to understand molecules and materials.]",
    ],
    "a computer": [
        "A computer is a machine that follows instructions.",
        "[It takes data, works on it and shows a result.|It stores data and works on it very quickly.]",
        "[The processor does the work, and the memory holds the data.|Its main parts are the processor, the memory and the disk.]",
        "[Inside, everything is made of zeros and ones.|All data inside a computer is made of zeros and ones.]",
        "[A program tells the computer what to do, step by step.|Without a program, a computer can do nothing.]",
    ],
    "Python": [
        "Python is [a programming language that is easy to read|a popular programming language|a language for writing programs].",
        "[It is used for science, for websites and for artificial intelligence.|People use it to study data, to build websites and to train models.]",
        "[Its rules are short and clear, so it is a good first language.|Many people learn it as their first language.]",
        "[A program in Python is a list of steps that the computer follows.|Blocks of code are marked by spaces at the start of a line.]",
        "[It was created by Guido van Rossum.|It was first released in 1991.]",
        "[There are thousands of free packages for it.|A large community shares free packages and helps beginners.]",
    ],
    "an algorithm": [
        "An algorithm is [a clear list of steps that solves a problem|a recipe for a computer].",
        "[Each step must be so clear that a machine can follow it.|The steps must be finite and exact.]",
        "[Sorting names, finding a way on a map and counting words are examples.|A good example is looking up a word in a dictionary by opening it in the middle.]",
        "[A good algorithm can save hours of work.|The same problem can often be solved by several algorithms, and some are much faster than others.]",
    ],
    "the internet": [
        "The internet is [a network that connects computers all over the world|a world-wide network of computers].",
        "[It carries messages, pictures, music and films.|It is used for mail, news, learning and trade.]",
        "[Data travels in small packets, which find their own way.|Every message is cut into small packets and put together again at the end.]",
        "[A strong password keeps an account safe.|It is wise to share private things with care.]",
    ],
    "a neural network": [
        "A neural network is [a model made of many small units that are connected|a program that is built from layers of simple units].",
        "[Each unit adds up its inputs and passes a number on.|Each connection has a weight, which is a number.]",
        "[During training, the weights change a little after every mistake.|Training means changing the weights until the errors become small.]",
        "[Networks with many layers are called deep.|With many layers, it can recognise shapes, words and sounds.]",
    ],
    "a graphics card": [
        "A graphics card, or GPU, is [a processor that does many small calculations at once|a chip that was first built for pictures and games].",
        "[Neural networks need many multiplications, so they run quickly on it.|It is useful for training and for running language models.]",
        "[Its memory is fast but limited, so a large model may not fit.|When its memory is full, a smaller model or a shorter text helps.]",
    ],
    "open source": [
        "Open source means that everybody may read, change and share the code of a program.",
        "[People from many countries work on the same project.|Anybody can report an error or send a better version.]",
        "[Good documentation helps new people to join.|A friendly community is as important as the code.]",
        "[Linux, Python and vLLM are examples.|Many tools that we use every day are open source.]",
    ],
}
