"""Where the documentation stands."""
