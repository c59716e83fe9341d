"""`router dlq`: what is dead and why, and what to do about it."""

from collections.abc import Callable

import typer

from router.cli.dlq.discard import discard_letters
from router.cli.dlq.files import export_letters, import_letters
from router.cli.dlq.groups import list_groups
from router.cli.dlq.letters import list_letters, show_letter
from router.cli.dlq.plan import apply_plan, plan_letters
from router.cli.dlq.queues import list_queues
from router.cli.dlq.replay import replay_letters

app = typer.Typer(no_args_is_help=True, help="Dead letters: see what is failing and why, and put it right.")
_COMMANDS: dict[str, Callable[..., None]] = {
    "queues": list_queues,
    "groups": list_groups,
    "list": list_letters,
    "show": show_letter,
    "plan": plan_letters,
    "apply": apply_plan,
    "replay": replay_letters,
    "discard": discard_letters,
    "export": export_letters,
    "import": import_letters,
}
for name, command in _COMMANDS.items():
    app.command(name)(command)
