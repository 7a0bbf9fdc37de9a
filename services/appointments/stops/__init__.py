"""Stops of the Bürgermobil: stations for a day, which move, come later, or do not come at all."""
