"""What every service stands on: transactions, outbox, consumers, due work, people's data, pages. Knows no service."""
