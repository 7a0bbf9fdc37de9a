"""The services of the platform, one folder each; they meet only through facts on Kafka."""
