"""Opening hours as those who lead a station see and change them."""
