"""Appointments at the counters of the Bürger-Service-Stationen.

Owns stations with their counters, services (Leistungen), opening hours, closures, seats and appointments.

Publishes: AppointmentBooked, AppointmentRescheduled, AppointmentCancelled, StationClosed.

Consumes: NotificationDelivered and NotificationFailed, so that staff see whom no message reached.
"""
