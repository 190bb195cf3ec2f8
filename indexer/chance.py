"""What chance gives: how near an index comes to questions that have nothing to do with it.

The more points there are, and the more they speak of daily life, the nearer is the nearest to any
question. What an answer has beyond that is what tells (benchmarks/QUALITY.md): the null
distribution of the highest cosine, measured on the index itself.
"""

from __future__ import annotations

from indexer.encoding.encoder import Encoder
from indexer.records import NoteFilter
from indexer.store.store import View

# Of as many fields as there are questions, so that notes of any one field hold few of the answers.
# Forty of the kind moved the mean by at most .007 on four collections of notes.
EVERYDAY_QUESTIONS = (
    "how long should a turkey roast in the oven?",
    "which bus goes to the airport?",
    "who won the world cup in 1998?",
    "how do I unclog a kitchen sink?",
    "what is the capital of Mongolia?",
    "when do the tomatoes need pruning?",
    "how much does a dentist charge for a filling?",
    "why do cats purr?",
    "what size of bicycle tyre do I need?",
    "how is cheese made?",
    "who painted the ceiling of the chapel?",
    "what is the boiling point of ethanol?",
    "how do I tie a bow tie?",
    "where can I renew my passport?",
    "which trees keep their leaves in winter?",
    "how do tides work?",
    "what should I pack for a ski trip?",
    "how old is the universe?",
    "when was the printing press invented?",
    "how do I change a flat tyre?",
    "what do hedgehogs eat?",
    "which vaccine is given at six months?",
    "how do I get wine out of a carpet?",
    "why is the sky blue?",
)


def measure_chance(view: View, encoder: Encoder) -> float:
    """Return the mean over the everyday questions of the highest cosine; 0 for an empty index.

    :param view: of the index.
    :param encoder: the one it was built with.
    """
    everywhere = NoteFilter()
    highest = []
    for question in EVERYDAY_QUESTIONS:
        found = view.dense(encoder.encode_query(question).vector, 1, everywhere)
        highest += [cosine for _, cosine in found]
    return sum(highest) / len(highest) if highest else 0.0
