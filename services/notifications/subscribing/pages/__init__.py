"""Pages of subscriptions: subscribe, confirm, see and change, end. No page tells whether an address is known."""
