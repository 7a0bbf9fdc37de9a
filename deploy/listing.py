"""The services in container files and in tables of the documentation, as text made from what each says of itself."""

from collections.abc import Iterable, Mapping, Sequence

from shared.events.base import Fact
from shared.events.registry import FACTS
from shared.manifest import Manifest
from shared.settings import SECRETS

PORTAL = "appointments"
"""The service that serves the portal beside it, behind the gateway."""
_SERVICE = """\
  {name}:
    <<: *service
    command: [serve, {name}, --host, 0.0.0.0]
    environment:
      <<: {variables}
    env_file:
{files}"""
_UPSTREAM = r"""
		@{name} path_regexp ^(/[a-z]{{2}}(-[a-z]+)?)?/{name}(/.*)?$
		reverse_proxy @{name} {{
			dynamic a {name} 8000 {{
				refresh 2s
			}}
			lb_try_duration 5s
		}}"""


def in_compose(services: Sequence[Manifest], page: str) -> Mapping[str, str]:
    """The parts of the compose file.

    Args:
        page: the file itself: variables of a service alone stand in it under an anchor with its name.
    """
    names = [each.name for each in services]
    own = [name for name in names if f": &{name}\n" in page]
    listed = ", ".join(f'"{name}"' for name in names)
    return {
        "online": f"  NAHBAR_ONLINE: '[{listed}]' # the portal leads to all of them",
        "prepared": f"    environment:\n      <<: {_merged(own)}\n    env_file:\n{_files(names)}",
        "containers": "\n\n".join(
            _SERVICE.format(name=name, variables=_merged([name] if name in own else []), files=_files([name]))
            for name in names
        ),
        "awaited": "\n".join(f"      {name}: {{condition: service_healthy}}" for name in names),
    }


def _merged(anchors: Iterable[str]) -> str:
    return f"[{', '.join(['*platform', *(f'*{each}' for each in anchors)])}]"


def _files(names: Iterable[str]) -> str:
    paths = [f"deploy/env/{name}.env" for name in ("platform", *names)]
    return "\n".join(f"      - {{path: {path}, required: false}}" for path in paths)


def at_the_gateway(services: Sequence[Manifest]) -> str:
    """What the gateway sends where; everything else goes to the service with the portal."""
    blocks = [_UPSTREAM.format(name=each.name) for each in services if each.name != PORTAL]
    return "\n".join(blocks).removeprefix("\n")


def example_environment(service: str) -> str:
    """The example of a service's own settings, which may be gone on with by hand."""
    prefix = service.upper()
    secrets = "".join(f"{prefix}_{secret.upper()}=\n" for secret in SECRETS)
    return (
        "# Settings of one service alone. Copy without `.example`; `nahbar keys <service>` prints new secrets.\n"
        f'{prefix}_PRIVATE_KEYS=[""]\n{secrets}'
    )


def services_table(services: Sequence[Manifest]) -> str:
    """What each service is."""
    rows = [(f"`{each.name}`", " ".join(each.about.partition("\n\n")[0].split())) for each in services]
    return table(("service", "what it is"), rows)


def facts_table(services: Sequence[Manifest], facts: Iterable[type[Fact]] = FACTS) -> str:
    """What each service tells of."""
    told: dict[type[Fact], list[type[Fact]]] = {}
    for fact in facts:
        told.setdefault(next(each for each in fact.__mro__ if each.__name__.endswith("Fact")), []).append(fact)
    rows = [
        (f"`{each.name}`", _about(base), ", ".join(fact.__name__ for fact in found), base.privacy.value)
        for each in services
        for base, found in told.items()
        if base.service == each.name
    ]
    return table(("service", "tells of", "facts", "privacy"), rows)


def _about(base: type[Fact]) -> str:
    said = (base.__doc__ or "").partition("\n")[0].rstrip(".")
    return said[:1].lower() + said[1:]


def roles_table(services: Sequence[Manifest]) -> str:
    """What staff may do with which role."""
    rows = [(f"`{each.name}:{role}`", may) for each in services for role, may in each.roles.items()]
    return table(("Role", "May"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
