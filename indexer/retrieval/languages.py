"""Recognise the language of a question; everyday questions for each language.

A question is near to all notes in its language, just because of the language. So chance is measured
with everyday questions in the same language (``indexer.retrieval.baseline``).
"""

from __future__ import annotations

import functools
import re

from indexer.text.terms import terms_of

ENGLISH = "en"
# Short words that are frequent in one language and in few others.
_FUNCTION_WORDS = {
    ENGLISH: (
        "the of and is are was were what which how why when where who do does did can "
        "this that it i my there with for from about has have be not a an as may will "
        "would should you your much any"
    ),
    "de": (
        "der die das und ist sind wie was wann wo wer warum wieso welche welcher welches "
        "ich ein eine einen mit von zu den dem nicht für auf im bei gibt kann man mein"
    ),
    "es": (
        "el la los las y es son qué que cómo como cuándo cuál cuáles dónde quién por un "
        "una con de del en mi se para hay puedo cuánto"
    ),
    "pt": (
        "o os as e é são que como quando qual quais onde quem um uma com de do da dos das "
        "no na em meu para há posso quanto não por se"
    ),
    "fr": (
        "le la les et est sont que qui quoi comment quand quel quelle quels où pourquoi "
        "un une avec de du des dans je mon pour il on au ce combien"
    ),
    "it": (
        "il lo la gli le e è sono che come quando quale quali dove chi perché un una con "
        "di del della nel mio per si posso quanto"
    ),
    "nl": (
        "de het een en is zijn wat hoe wanneer welke waar wie waarom ik met van voor op "
        "in te niet mijn kan er"
    ),
    "pl": (
        "jest są co jak kiedy który która które gdzie kto dlaczego i w na z do nie się "
        "mój czy dla można ile"
    ),
    "ru": (
        "и в на что как когда где кто почему какой какая какие это с не мой для можно сколько есть"
    ),
}
_SETS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
# Letters that few other languages of the list have.
_LETTERS = (("de", "ßäöü"), ("es", "¿¡ñ"), ("pt", "ãõ"), ("pl", "łśżźęą"), ("fr", "êèœ"))
_WORD = re.compile(r"\w+")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_CLEAR = 2  # this number of function words identifies a language, or one letter of its own

EVERYDAY = {
    "de": (
        "Wie lange muss ein Hähnchen im Ofen bleiben?",
        "Welcher Bus fährt zum Flughafen?",
        "Wer hat die Weltmeisterschaft 1998 gewonnen?",
        "Was ist die Hauptstadt der Mongolei?",
        "Wann werden Tomaten geschnitten?",
        "Warum schnurren Katzen?",
        "Wie bindet man eine Krawatte?",
        "Wo kann ich meinen Reisepass verlängern?",
        "Wie entstehen Ebbe und Flut?",
        "Was fressen Igel?",
        "Wie bekomme ich Rotwein aus dem Teppich?",
        "Wer hat den Buchdruck erfunden?",
    ),
    "es": (
        "¿Cuánto tiempo se asa un pollo en el horno?",
        "¿Qué autobús va al aeropuerto?",
        "¿Quién ganó el mundial de 1998?",
        "¿Cuál es la capital de Mongolia?",
        "¿Cuándo se podan los tomates?",
        "¿Por qué ronronean los gatos?",
        "¿Cómo se hace el nudo de una corbata?",
        "¿Dónde puedo renovar mi pasaporte?",
        "¿Por qué hay mareas?",
        "¿Qué comen los erizos?",
        "¿Cómo quito una mancha de vino de la alfombra?",
        "¿Quién inventó la imprenta?",
    ),
    "pt": (
        "Quanto tempo um frango fica no forno?",
        "Qual ônibus vai para o aeroporto?",
        "Quem ganhou a copa do mundo de 1998?",
        "Qual é a capital da Mongólia?",
        "Quando se podam os tomates?",
        "Por que os gatos ronronam?",
        "Como se dá o nó de uma gravata?",
        "Onde posso renovar meu passaporte?",
        "Por que existem marés?",
        "O que comem os ouriços?",
        "Como tirar vinho do tapete?",
        "Quem inventou a imprensa?",
    ),
    "fr": (
        "Combien de temps cuit un poulet au four ?",
        "Quel bus va à l'aéroport ?",
        "Qui a gagné la coupe du monde en 1998 ?",
        "Quelle est la capitale de la Mongolie ?",
        "Quand faut-il tailler les tomates ?",
        "Pourquoi les chats ronronnent-ils ?",
        "Comment fait-on un nœud de cravate ?",
        "Où puis-je renouveler mon passeport ?",
        "Pourquoi y a-t-il des marées ?",
        "Que mangent les hérissons ?",
        "Comment enlever une tache de vin du tapis ?",
        "Qui a inventé l'imprimerie ?",
    ),
    "it": (
        "Quanto tempo cuoce un pollo al forno?",
        "Quale autobus va all'aeroporto?",
        "Chi ha vinto i mondiali del 1998?",
        "Qual è la capitale della Mongolia?",
        "Quando si potano i pomodori?",
        "Perché i gatti fanno le fusa?",
        "Come si fa il nodo alla cravatta?",
        "Dove posso rinnovare il passaporto?",
        "Perché ci sono le maree?",
        "Che cosa mangiano i ricci?",
        "Come si toglie il vino dal tappeto?",
        "Chi ha inventato la stampa?",
    ),
    "nl": (
        "Hoe lang moet een kip in de oven?",
        "Welke bus gaat naar het vliegveld?",
        "Wie won het wereldkampioenschap in 1998?",
        "Wat is de hoofdstad van Mongolië?",
        "Wanneer moeten tomaten gesnoeid worden?",
        "Waarom spinnen katten?",
        "Hoe strik je een stropdas?",
        "Waar kan ik mijn paspoort verlengen?",
        "Hoe ontstaan eb en vloed?",
        "Wat eten egels?",
        "Hoe krijg ik wijn uit het tapijt?",
        "Wie vond de boekdrukkunst uit?",
    ),
    "pl": (
        "Jak długo piec kurczaka w piekarniku?",
        "Który autobus jedzie na lotnisko?",
        "Kto wygrał mistrzostwa świata w 1998 roku?",
        "Jaka jest stolica Mongolii?",
        "Kiedy przycinać pomidory?",
        "Dlaczego koty mruczą?",
        "Jak zawiązać krawat?",
        "Gdzie mogę odnowić paszport?",
        "Skąd się biorą pływy?",
        "Co jedzą jeże?",
        "Jak usunąć plamę z wina z dywanu?",
        "Kto wynalazł druk?",
    ),
    "ru": (
        "Сколько времени запекать курицу в духовке?",
        "Какой автобус идёт в аэропорт?",
        "Кто выиграл чемпионат мира 1998 года?",
        "Какая столица Монголии?",
        "Когда обрезать помидоры?",
        "Почему кошки мурлычут?",
        "Как завязать галстук?",
        "Где можно поменять паспорт?",
        "Почему бывают приливы?",
        "Что едят ежи?",
        "Как вывести пятно вина с ковра?",
        "Кто изобрёл книгопечатание?",
    ),
    "zh": (
        "烤鸡需要多长时间？",
        "哪路公交车去机场？",
        "谁赢得了1998年世界杯？",
        "蒙古的首都是哪里？",
        "西红柿什么时候修剪？",
        "猫为什么打呼噜？",
        "领带怎么打？",
        "在哪里可以换护照？",
        "潮汐是怎么形成的？",
        "刺猬吃什么？",
        "地毯上的酒渍怎么去掉？",
        "谁发明了印刷术？",
    ),
    "ja": (
        "鶏肉はオーブンで何分焼きますか？",
        "空港へ行くバスはどれですか？",
        "1998年のワールドカップはどこが優勝しましたか？",
        "モンゴルの首都はどこですか？",
        "トマトはいつ剪定しますか？",
        "猫はなぜ喉を鳴らすのですか？",
        "ネクタイはどう結びますか？",
        "パスポートはどこで更新できますか？",
        "潮の満ち引きはなぜ起こりますか？",
        "ハリネズミは何を食べますか？",
        "カーペットのワインの染みはどう落としますか？",
        "活版印刷は誰が発明しましたか？",
    ),
}


@functools.cache
def function_terms(language: str | None) -> frozenset[str]:
    """Return the terms of the function words of a language.

    :param language: as ``language_of`` names it; None and those without such a list have none.
    """
    return frozenset(term for word in _SETS.get(language or "", ()) for term in terms_of(word))


@functools.cache
def _languages_by_word() -> dict[str, list[str]]:
    """Return the languages of each function word."""
    found: dict[str, list[str]] = {}
    for language, known in _SETS.items():
        for word in known:
            found.setdefault(word, []).append(language)
    return found


@functools.lru_cache(maxsize=256)
def language_of(text: str) -> str | None:
    """Return the language of a text as a code of ``EVERYDAY`` or English; None if little says so.

    :param text: a question, or a piece of the notes.
    """
    for language, script in _SCRIPTS:
        if script.search(text):
            return language
    folded = text.casefold()
    words = _WORD.findall(folded)
    counts = dict.fromkeys(_SETS, 0)
    by_word = _languages_by_word()
    for language in (one for word in words for one in by_word.get(word, ())):
        counts[language] += 1
    for language, letters in _LETTERS:
        counts[language] += _CLEAR * any(letter in folded for letter in letters)
    best = max(counts, key=lambda language: (counts[language], language == ENGLISH))
    return best if counts[best] >= _CLEAR else None
