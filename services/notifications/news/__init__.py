"""News: facts that concern a district, told to all who subscribed to it, at once or in the digest of the day."""
