"""The laptop stack: Kafka, PostgreSQL, and the simulated far ends of mail and SMS."""
