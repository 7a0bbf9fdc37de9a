"""Appointments at the counters of the Bürger-Service-Stationen.

Owns stations with their counters, services (Leistungen), opening hours, closures, seats, appointments, the waiting
list, and the tickets of the walk-in queue. A stop of the Bürgermobil is a station for a day.

Staff work at the desk: lists of a day, bookings and changes for others, whom to call.

Publishes: AppointmentBooked, AppointmentRescheduled, AppointmentDelayed, AppointmentCancelled, AppointmentMissed,
AlternativeOffered; WaitingListJoined, SeatOffered, SeatOfferEnded, WaitingListLeft; StationClosed; TicketIssued,
TicketNear, TicketCalled, TicketPutBack, TicketClosed.

Consumes: NotificationDelivered and NotificationFailed, so that staff see whom no message reached; ReplyReceived, which
may cancel an appointment; MobilStopScheduled, MobilStopRescheduled, MobilStopDelayed and MobilStopCancelled, which
open, move and end the seats at stops.
"""
