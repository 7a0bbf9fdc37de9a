"""The `nahbar` command: serve, migrate, and look after the platform."""

import asyncio
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy import contracts, operations, serve
from shared.failures import Failure, classify, lacks_tables, without_input
from shared.runtime import ALL_ROLES, Role
from shared.settings import SERVICES, Platform, WrongSettings, read

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__)
letters = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Records a service could not take.")
app.add_typer(letters, name="dead-letters")
console = Console()


def _service(typed: str) -> str:
    if typed not in SERVICES:
        raise typer.BadParameter(f"there is no service {typed!r}; the services are: {', '.join(SERVICES)}.")
    return typed


Services = Annotated[
    list[str] | None,
    typer.Argument(help=f"Some of: {', '.join(SERVICES)}. None means all.", parser=_service, metavar="SERVICE"),
]
Port = Annotated[int, typer.Option(help="Where pages and APIs are served.", min=1, max=65535)]
Folder = Annotated[Path | None, typer.Option(help="Keeps all data; .nahbar in the project where left out.")]
OneService = Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.", parser=_service, metavar="SERVICE")]


@app.command("serve")
def serve_command(
    services: Services = None,
    host: str = "127.0.0.1",
    port: Port = 8000,
    roles: Annotated[str, typer.Option(help="Comma separated: http, relay, consume, due.")] = "http,relay,consume,due",
    inbox: Annotated[
        Path | None,
        typer.Option(help="Also show what the simulated far ends in this folder got."),
    ] = None,
) -> None:
    """Serve services in one process."""
    platform, served = read(Platform), serve.platform_app(services or SERVICES, _roles(roles), inbox)
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
    for name in services or SERVICES:
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
    table = Table("what", "where in the city's files")
    for row in found:
        table.add_row(*row)
    console.print(table if found else "All of the city's data are confirmed.")
    raise typer.Exit(code=1 if found else 0)


@app.command("contracts")
def contracts_command(folder: Annotated[Path, typer.Argument(help="Made if absent.")] = Path("contracts")) -> None:
    """Write the contract for other teams: AsyncAPI and a JSON Schema per fact."""
    for file in contracts.export(folder, read(Platform).topic_prefix):
        console.print(str(file))


@app.command()
def keys(service: OneService) -> None:
    """Print a new key pair for values sealed to a service, and new secrets, as settings."""
    for line in operations.new_secrets(service):
        print(line)


@letters.command("list")
def list_letters(service: OneService) -> None:
    """The unsettled dead letters of a service, oldest first."""
    table = Table("id", "recorded", "topic", "partition", "offset", "reason")
    for letter in asyncio.run(operations.open_letters(service)):
        table.add_row(*map(str, astuple(letter)))
    console.print(table)


@letters.command()
def replay(
    service: OneService,
    letter: Annotated[UUID | None, typer.Argument(help="None means all.")] = None,
) -> None:
    """Hand dead letters to the service again, oldest first; those that fail again stay."""
    replayed, failed = asyncio.run(operations.replay_letters(service, letter))
    console.print(f"{replayed} applied, {failed} failed again")
    raise typer.Exit(code=1 if failed else 0)


@letters.command()
def discard(
    service: OneService,
    letter: UUID,
    by: Annotated[str, typer.Option(help="Who decided.")],
) -> None:
    """Settle a dead letter without applying it."""
    found = asyncio.run(operations.discard_letter(service, letter, by))
    console.print("discarded" if found else "There is no unsettled dead letter with this id.")
    raise typer.Exit(code=0 if found else 1)


def _roles(typed: str) -> frozenset[Role]:
    try:
        return frozenset(Role(role.strip()) for role in typed.split(",")) if typed else ALL_ROLES
    except ValueError:
        known = ", ".join(Role)
        raise typer.BadParameter(f"{typed!r} are not some of: {known}.", param_hint="'--roles'") from None


def main() -> None:
    """Entry point: whatever is wrong outside this program ends it with a sentence and exit code 2."""
    try:
        app()
    except Exception as error:
        said = _what_is_wrong(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        sys.exit(2)


def _what_is_wrong(error: Exception) -> str | None:
    """A failure in a sentence; None where the program itself is wrong."""
    if isinstance(error, WrongSettings):
        return str(error)
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return f"The URL of the database cannot be used: {error}"
    if lacks_tables(error):
        return "The database has no tables, or old ones: `nahbar prepare` brings it up to date."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}"
    if classify(error) is Failure.TRANSIENT:
        return f"A server cannot be reached: {without_input(error)}"
    return None


if __name__ == "__main__":
    main()
