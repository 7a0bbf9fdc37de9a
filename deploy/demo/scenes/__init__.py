"""The scenes of the demo; each plays one thing the platform does, and says what people must have received."""
