"""The Bürgermobil, which tours the districts every week.

Owns vehicles, the places where they stand, the weekly plan, and the stops of each week.

Staff plan a week and publish it as a whole; what happens on the way (a delay, a breakdown) they announce at once.

Publishes: MobilStopScheduled, MobilStopRescheduled, MobilStopDelayed, MobilStopCancelled.

Consumes: the facts of appointments, so that staff see how many people a change concerns.
"""
