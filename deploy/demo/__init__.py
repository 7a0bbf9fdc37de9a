"""The demo: a day on the platform, played live in the terminal."""
