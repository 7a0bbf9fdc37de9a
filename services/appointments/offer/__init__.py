"""What can be booked: stations, services, opening hours, and the free times they leave."""
