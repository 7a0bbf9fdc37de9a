"""Pages of the waiting list: joining it, one's own place in it, and answering what is offered.

What suits stands in the address; the person is typed on the last page and stands in no address.
"""
