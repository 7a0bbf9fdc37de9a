"""The `nahbar` command: serve, migrate, and look after the platform."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from deploy import contracts, operations, serve
from shared.failures import Failure, classify, without_input
from shared.service import ALL_ROLES, Role
from shared.settings import SERVICES, Platform

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
letters = typer.Typer(no_args_is_help=True, help="Records a service could not take.")
app.add_typer(letters, name="dead-letters")
console = Console()

Services = Annotated[
    list[str] | None,
    typer.Argument(help=f"Some of: {', '.join(SERVICES)}. None means all."),
]
Port = Annotated[int, typer.Option(help="Where pages and APIs are served.")]
Folder = Annotated[Path | None, typer.Option(help="Keeps all data; .nahbar in the project where left out.")]
ServiceName = Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.")]


@app.command("serve")
def serve_command(
    services: Services = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    roles: Annotated[str, typer.Option(help="Comma separated: http, relay, consume, due.")] = "http,relay,consume,due",
    inbox: Annotated[
        Path | None,
        typer.Option(help="Also show what the simulated far ends in this folder got."),
    ] = None,
) -> None:
    """Serve services in one process."""
    names = _names(services)
    chosen = frozenset(Role(role.strip()) for role in roles.split(",")) if roles else ALL_ROLES
    platform, served = Platform(), serve.platform_app(names, chosen, inbox)
    serve.run(served, host, port, platform.log_level, served.drain, platform.drain_seconds, platform.trusted_proxies)


@app.command()
def up(port: Port = 8000, folder: Folder = None) -> None:
    """Run the platform on this machine, with everything it needs, until Ctrl-C."""
    from deploy.demo.run import up as run_up

    raise typer.Exit(run_up(console, folder, port))


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="End by itself; exit code 0 only if all went as it should.")] = False,
    port: Port = 8000,
    folder: Folder = None,
) -> None:
    """Run the platform on this machine and play a day."""
    from deploy.demo.run import demo as run_demo

    raise typer.Exit(run_demo(console, folder, port, once))


@app.command()
def migrate(services: Services = None) -> None:
    """Create the services' databases and bring them to the newest schema."""
    for name in _names(services):
        asyncio.run(operations.migrate(name))
        console.print(f"{name}: database is up to date")


@app.command()
def topics() -> None:
    """Create the Kafka topics that do not exist yet."""
    created, needed = asyncio.run(operations.create_topics())
    console.print(f"{created} topics created, {needed - created} existed")


@app.command()
def prepare() -> None:
    """Bring databases, topics and the city's data up to date; whatever is there already stays as it is."""
    asyncio.run(operations.prepare())
    console.print("Databases, topics and the city are up to date.")


@app.command()
def ledger() -> None:
    """What became of every message; exit code 1 if one may be lost or doubled."""
    found = asyncio.run(operations.ledger())
    console.print_json(data=found)
    raise typer.Exit(code=1 if found["overdue"] or found["maybe_twice"] else 0)


@app.command("load-city")
def load_city() -> None:
    """Load the city's stations, services and opening hours; again whenever the city's data changed."""
    console.print(asyncio.run(operations.load_city()))


@app.command("check-city")
def check_city() -> None:
    """What of the city's data nobody has confirmed yet; exit code 1 if there is anything."""
    found = operations.check_city()
    table = Table("what", "where in the city's file")
    for row in found:
        table.add_row(*row)
    console.print(table if found else "All of the city's data are confirmed.")
    raise typer.Exit(code=1 if found else 0)


@app.command("contracts")
def contracts_command(folder: Annotated[Path, typer.Argument(help="Made if absent.")] = Path("contracts")) -> None:
    """Write the contract for other teams: AsyncAPI and a JSON Schema per fact."""
    for file in contracts.export(folder, Platform().topic_prefix):
        console.print(str(file))


@app.command()
def keys(service: ServiceName) -> None:
    """Print a new key pair for values sealed to a service, and new secrets, as settings."""
    for line in operations.new_secrets(service):
        print(line)


@letters.command("list")
def list_letters(service: ServiceName) -> None:
    """The unsettled dead letters of a service, oldest first."""
    table = Table("id", "recorded", "topic", "partition", "offset", "reason")
    for row in asyncio.run(operations.open_letters(service)):
        table.add_row(*map(str, row))
    console.print(table)


@letters.command()
def replay(
    service: ServiceName,
    letter: Annotated[str | None, typer.Argument(help="None means all.")] = None,
) -> None:
    """Hand dead letters to the service again, oldest first; those that fail again stay."""
    replayed, failed = asyncio.run(operations.replay_letters(service, letter))
    console.print(f"{replayed} applied, {failed} failed again")
    raise typer.Exit(code=1 if failed else 0)


@letters.command()
def discard(
    service: ServiceName,
    letter: str,
    by: Annotated[str, typer.Option(help="Who decided.")],
) -> None:
    """Settle a dead letter without applying it."""
    found = asyncio.run(operations.discard_letter(service, letter, by))
    console.print("discarded" if found else "There is no unsettled dead letter with this id.")
    raise typer.Exit(code=0 if found else 1)


def _names(services: list[str] | None) -> list[str]:
    try:
        return serve.services_or_all(services or [], SERVICES)
    except ValueError as error:
        console.print(str(error))
        sys.exit(2)


def main() -> None:
    """Entry point: a wrong setting, or a server that is away, ends it with a sentence and exit code 2."""
    try:
        app()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False, include_context=False):
            setting = "NAHBAR_" if error.title == Platform.__name__ else "<SERVICE>_"
            named = f"{setting}{str(each['loc'][0]).upper()}: " if each["loc"] else ""
            print(f"{named}{each['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        if classify(error) is not Failure.TRANSIENT:
            raise
        print(f"A server cannot be reached: {without_input(error)}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
