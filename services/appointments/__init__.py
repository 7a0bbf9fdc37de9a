"""Appointments at the counters of the Bürger-Service-Stationen.

Owns stations with their counters, services (Leistungen), opening hours, closures, seats, appointments, the waiting
list, and the tickets of the walk-in queue.

Staff work at the desk: lists of a day, bookings and changes for others, whom to call.

Publishes: AppointmentBooked, AppointmentRescheduled, AppointmentCancelled, AppointmentMissed, AlternativeOffered;
WaitingListJoined, SeatOffered, SeatOfferEnded, WaitingListLeft; StationClosed; TicketIssued, TicketNear, TicketCalled,
TicketPutBack, TicketClosed.

Consumes: NotificationDelivered and NotificationFailed, so that staff see whom no message reached; ReplyReceived, which
may cancel an appointment.
"""
