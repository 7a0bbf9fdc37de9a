"""Why a proposal is not taken over."""

from shared.problems import Problem


class ProposalOutdated(Problem):
    """Something else was announced, or the weekly plan changed, since the proposal was looked at."""

    status = 409
    slug = "proposal-outdated"
    title = "The proposal is another by now; look at it and take it over again"
