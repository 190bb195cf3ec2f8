"""Completion of commands in a shell: its script, and the answers to that script."""

from __future__ import annotations

import os

import click

from indexer.errors import SettingsError

_VARIABLE = "_NOTEPOINT_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    notepoint completion bash >> ~/.bashrc
    """  # noqa: D301 - click knows a block by this character
    from click.shell_completion import get_completion_class

    source = get_completion_class(shell)
    if source is not None:
        root = context.find_root().command
        click.echo(source(root, {}, "notepoint", _VARIABLE).source())


def answer_shell(cli: click.Command) -> bool:
    """Print completions if the environment asks for them, as the script of a shell does.

    :param cli: the command line.
    :return: False if nothing asks for them.
    :raises SettingsError: if the environment lacks what a script sets.
    """
    asked = os.environ.get(_VARIABLE)
    if not asked:
        return False
    from click.shell_completion import get_completion_class

    shell, _, step = asked.partition("_")
    kind = get_completion_class(shell)
    if kind is None or step not in ("source", "complete"):
        raise _refusal(f"{_VARIABLE}={asked!r} names no shell")
    answers = kind(cli, {}, "notepoint", _VARIABLE)
    if step == "source":
        text = answers.source()
    else:
        try:
            text = answers.complete()
        except (KeyError, ValueError) as exc:
            raise _refusal(f"{_VARIABLE} is set without COMP_WORDS and COMP_CWORD") from exc
    click.echo(text.encode("utf-8", "surrogateescape"))
    return True


def _refusal(message: str) -> SettingsError:
    hint = f"unset {_VARIABLE}; `notepoint completion bash` prints the script that sets it"
    return SettingsError(message, hint)
