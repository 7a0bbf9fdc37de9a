"""Pages of booking.

What was chosen and typed is kept on the server with the hold (the draft), whose token is in the path: there is no
cookie, and the browser's back button works.
"""
