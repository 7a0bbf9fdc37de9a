"""What people answer to an SMS: understood, matched with what they were asked, handed to the service that asked."""
