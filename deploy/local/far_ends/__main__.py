"""Start a far end: `python -m deploy.local.far_ends mail|web`; ready as soon as its port is open, ended by SIGTERM."""

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from deploy.local.far_ends import mail
from deploy.local.far_ends.behaviours import Delays
from deploy.local.far_ends.store import Store
from deploy.local.far_ends.web import DEVELOPMENT_SECRET, WebSettings, create_web

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

Folder = Annotated[Path, typer.Option(help="Keeps what was accepted; the same for all far ends.")]
Port = Annotated[int, typer.Option(help="Where clients find it.")]
Host = Annotated[str, typer.Option(help="The address to listen on; this machine alone where left out.")]
Slow = Annotated[float, typer.Option(help="Seconds a slow far end takes to answer; above the client's timeout.")]
Receipt = Annotated[float, typer.Option(help="Seconds to a delivery receipt.")]
Later = Annotated[float, typer.Option(help="Seconds to a late bounce, complaint or reply.")]
Throttle = Annotated[float, typer.Option(help="Seconds a throttled sender is told to wait.")]
USUAL = Delays()


@app.command("mail")
def mail_command(
    folder: Folder,
    port: Port,
    reports_to: Annotated[str, typer.Option(help="host:port that takes bounces and complaints by LMTP.")],
    host: Host = "127.0.0.1",
    slow: Slow = USUAL.slow,
    later: Later = USUAL.later,
    throttle: Throttle = USUAL.throttle,
) -> None:
    """Serve SMTP."""
    listener, _, listener_port = reports_to.rpartition(":")
    delays = Delays(slow=slow, later=later, throttle=throttle)
    uvloop.run(_serve_mail(Store(folder), _listen(host, port), (listener, int(listener_port)), delays))


@app.command()
def web(
    folder: Folder,
    port: Port,
    webhook: Annotated[str, typer.Option(help="URL that takes receipts and replies.")],
    second_webhook: Annotated[str, typer.Option(help="The same for the second gateway; without it there is one.")] = "",
    host: Host = "127.0.0.1",
    issuer: Annotated[str, typer.Option(help="The issuer's address where it is not this port's.")] = "",
    browser_issuer: Annotated[str, typer.Option(help="Its address as browsers reach it, if another.")] = "",
    audience: Annotated[str, typer.Option(help="Whom staff tokens are made for.")] = "nahbar",
    video_host: Annotated[str, typer.Option(help="The name the tokens of video rooms are made for.")] = "127.0.0.1",
    clock_file: Annotated[Path | None, typer.Option(help="Moves the clock of the rooms with the services'.")] = None,
    api_key: Annotated[str, typer.Option(envvar="FAR_ENDS_API_KEY")] = DEVELOPMENT_SECRET,
    webhook_key: Annotated[str, typer.Option(envvar="FAR_ENDS_WEBHOOK_KEY")] = DEVELOPMENT_SECRET,
    client_secret: Annotated[str, typer.Option(envvar="FAR_ENDS_CLIENT_SECRET")] = DEVELOPMENT_SECRET,
    slow: Slow = USUAL.slow,
    receipt: Receipt = USUAL.receipt,
    later: Later = USUAL.later,
    throttle: Throttle = USUAL.throttle,
) -> None:
    """Serve SMS gateways under /sms and /second-sms, the identity issuer under /issuer, video rooms under /video."""
    settings = WebSettings(
        folder=folder,
        webhook=webhook,
        second_webhook=second_webhook,
        issuer=issuer or f"http://127.0.0.1:{port}/issuer",
        browser_issuer=browser_issuer,
        audience=audience,
        video_host=video_host,
        clock_file=clock_file,
        api_key=api_key,
        webhook_key=webhook_key,
        client_secret=client_secret,
        delays=Delays(slow=slow, receipt=receipt, later=later, throttle=throttle),
    )
    listening = _listen(host, port)
    config = uvicorn.Config(create_web(settings), access_log=False, log_config=None, timeout_graceful_shutdown=1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # uvicorn handles the signal, then raises it again
    uvloop.run(uvicorn.Server(config).serve(sockets=[listening]))


async def _serve_mail(store: Store, listening: socket.socket, listener: tuple[str, int], delays: Delays) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await mail.serve(store, listening, listener, delays, stop)
    store.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used: {os.strerror(error.errno or 0)}.")


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    app()
