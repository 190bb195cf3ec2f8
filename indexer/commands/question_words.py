"""Read a question typed without quotes, whose words may begin with a minus."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

# ``-word`` and ``-path:x`` exclude notes; ``-k5``, ``-v`` and ``-qv`` are options.
_LEFT_OUT = re.compile(r"-(?!k\d*$|[qvh]+$)[^\W_-]\S*$")
_MARK = "\x00"  # a character that no argument of a process can contain


class QuestionCommand(click.Command):
    """A command whose arguments may begin with a minus if they are not options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line.

        :param ctx: of the command.
        :param args: as typed.
        :return: the remaining arguments.
        """
        end = args.index("--") if "--" in args else len(args)
        known = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        takes = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        marked = list(args)
        for i, argument in enumerate(args):
            value = i > 0 and args[i - 1] in takes
            is_word = argument.startswith("-") if i > end else bool(_LEFT_OUT.match(argument))
            if argument not in known and not value and is_word:
                marked[i] = _MARK + argument
        # A word after "--" may begin with two; an option of the command is still an option.
        return super().parse_args(ctx, marked[:end] + marked[end + 1 :])


def typed_question(words: Sequence[str]) -> str | None:
    """Return the question in the words of the command line, None if there are no words.

    If each of several arguments contains a blank, the user quoted them: they are exact phrases.

    :param words: the arguments after ``QuestionCommand`` has parsed them.
    """
    if not words:
        return None
    plain = [word.removeprefix(_MARK) for word in words]
    if len(plain) == 1:
        return plain[0]
    return " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in plain)
