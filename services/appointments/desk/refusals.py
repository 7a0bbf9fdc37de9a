"""Why something cannot be done at the desk."""

from shared.problems import Problem


class NotNow(Problem):
    status = 409
    slug = "not-now"
    title = "This is not possible as the appointment stands now"
