"""Notifications: tells citizens what concerns them, by mail and SMS, in their language, and knows what became of it.

Owns: the newest known state of each matter it tells of, notices (one person, one matter, one purpose), messages (a
notice on one channel), attempts to send them, and addresses not to be bothered.

Consumes: AppointmentBooked, AppointmentRescheduled, AppointmentCancelled, WaitingListJoined, SeatOffered,
SeatOfferEnded, WaitingListLeft.

Publishes: NotificationDelivered, NotificationFailed.

`telling` decides who is told what and when; `writing` words it; `delivery` brings it to the person, once.
"""
