"""Questions in German, Spanish and Portuguese to notes of their language, default model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from indexer.notebook import Notebook

pytestmark = pytest.mark.slow

NOTES = {
    "de": {
        "werkstatt.md": """# Werkstatt

## Fahrrad

- Die Kette alle dreihundert Kilometer ölen
- Der Reifendruck hinten liegt bei vier Bar
- Bremsbeläge im Frühjahr wechseln
- Das Schloss hängt neben der Kellertür

## Holz

- Eiche vor dem Leimen zwei Wochen lagern
- Leinöl braucht drei Tage zum Trocknen
- Das Sägeblatt quietscht, wenn es stumpf ist
- Schrauben liegen in der blauen Kiste
""",
        "chor.md": """# Chor

- Proben sind donnerstags um halb acht in der Aula
- Der Beitrag beträgt sechzig Euro im Jahr
- Noten bitte nicht kopieren, sondern ausleihen
- Beim Sommerkonzert singen wir drei Lieder von Brahms
- Wer krank ist, sagt Marlene bis mittags ab
""",
    },
    "es": {
        "huerto.md": """# Huerto

## Tomates

- Regar los tomates por la mañana, nunca de noche
- Quitar los brotes laterales cada semana
- El pulgón se va con jabón potásico
- Plantar albahaca al lado mejora el sabor

## Compost

- Mezclar una parte de restos de cocina con tres de hojas secas
- Darle la vuelta cada diez días
- No echar carne ni pescado
""",
        "club.md": """# Club de lectura

- Nos reunimos el primer martes de cada mes
- La biblioteca presta doce ejemplares a la vez
- Lucía guarda la lista de votos
- En otoño leemos novelas cortas
- La cuota sirve para pagar el café
""",
    },
    "pt": {
        "casa.md": """# Casa

## Cozinha

- O forno aquece mais do lado esquerdo
- Trocar o filtro da água de seis em seis meses
- O fermento guarda-se no frigorífico
- A faca grande afia-se na pedra

## Telhado

- Limpar as calhas antes das chuvas de outubro
- Há duas telhas partidas por cima do quarto
- O pedreiro vem na quinta-feira
""",
        "trilho.md": """# Trilhos

- O percurso da serra tem catorze quilómetros
- Levar dois litros de água por pessoa
- O refúgio fecha em novembro
- Marcar a cama no refúgio com uma semana de antecedência
- Botas novas fazem bolhas na primeira caminhada
""",
    },
}
# Their notes answer these questions.
ANSWERED = {
    "de": (
        "Wie oft soll ich die Kette ölen?",
        "Welcher Reifendruck hinten?",
        "Wann muss ich die Bremsbeläge wechseln?",
        "Wo hängt das Schloss?",
        "Wie lange trocknet Leinöl?",
        "Warum quietscht das Sägeblatt?",
        "Wo liegen die Schrauben?",
        "Wann sind die Proben?",
        "Wie hoch ist der Beitrag?",
        "Bei wem melde ich mich krank?",
    ),
    "es": (
        "¿Cuándo hay que regar los tomates?",
        "¿Cada cuánto quito los brotes laterales?",
        "¿Qué hago contra el pulgón?",
        "¿Qué se planta al lado de los tomates?",
        "¿Cada cuánto se le da la vuelta al compost?",
        "¿Puedo echar pescado al compost?",
        "¿Cuándo nos reunimos?",
        "¿Cuántos ejemplares presta la biblioteca?",
        "¿Quién guarda la lista de votos?",
        "¿Para qué sirve la cuota?",
    ),
    "pt": (
        "De que lado aquece mais o forno?",
        "De quanto em quanto tempo se troca o filtro da água?",
        "Onde se guarda o fermento?",
        "Como se afia a faca grande?",
        "Quando se limpam as calhas?",
        "Quando vem o pedreiro?",
        "Quantos quilómetros tem o percurso da serra?",
        "Quanta água devo levar?",
        "Quando fecha o refúgio?",
        "As botas novas fazem bolhas?",
    ),
}
# Everyday questions; none of them is among those that chance is measured with.
EVERYDAY = {
    "de": (
        "Wie heißt die Hauptstadt von Peru?",
        "Wer hat das Telefon erfunden?",
        "Wann läuft der Film im Kino?",
        "Wie koche ich weiche Eier?",
        "Was kostet ein neuer Pass?",
        "Welche Impfung braucht man für Kenia?",
        "Wie weit ist der Mond entfernt?",
        "Wie binde ich eine Krawatte?",
    ),
    "es": (
        "¿Cuál es la capital de Perú?",
        "¿Quién inventó el teléfono?",
        "¿A qué hora sale el tren a Sevilla?",
        "¿Cómo se cuece un huevo?",
        "¿Cuánto cuesta un pasaporte nuevo?",
        "¿Qué vacuna se necesita para Kenia?",
        "¿A qué distancia está la luna?",
        "¿Cómo se hace el nudo de la corbata?",
    ),
    "pt": (
        "Qual é a capital do Peru?",
        "Quem inventou o telefone?",
        "A que horas parte o comboio para o Porto?",
        "Como se coze um ovo?",
        "Quanto custa um passaporte novo?",
        "Que vacina é precisa para o Quénia?",
        "A que distância fica a lua?",
        "Como se faz o nó da gravata?",
    ),
}


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Notebook]]:
    made: dict[str, Notebook] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))
        for language, notes in NOTES.items():
            folder: Path = tmp_path_factory.mktemp(language)
            for name, text in notes.items():
                (folder / name).write_text(text, "utf-8")
            made[language] = Notebook(folder, store=str(tmp_path_factory.mktemp("index")))
            made[language].build()
        yield made
        for notebook in made.values():
            notebook.close()


def answered(notebooks: dict[str, Notebook], asked: dict[str, tuple[str, ...]]) -> int:
    """Return how many questions are said to be answered."""
    return sum(
        notebooks[language].search(question).answered
        for language, questions in asked.items()
        for question in questions
    )


def test_nine_tenths_of_the_answerable_are_answered(notebooks: dict[str, Notebook]) -> None:
    assert answered(notebooks, ANSWERED) >= 26  # measured 27 of 30


def test_everyday_questions_are_turned_away(notebooks: dict[str, Notebook]) -> None:
    assert answered(notebooks, EVERYDAY) <= 2  # measured 1 of 24
