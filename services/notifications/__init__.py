"""Notifications: tells citizens what concerns them, by mail and SMS, in their language, and knows what became of it.

Owns: the newest known state of each matter it tells of, notices (one person, one matter, one purpose), messages (a
notice on one channel), attempts to send them, how the SMS gateways stand, replies, addresses not to be bothered, and
subscriptions to news of districts.

Consumes: AppointmentBooked, AppointmentRescheduled, AppointmentCancelled, WaitingListJoined, SeatOffered,
SeatOfferEnded, WaitingListLeft, StationClosed.

Publishes: NotificationDelivered, NotificationFailed, ReplyReceived, SubscriptionConfirmed, BarrierReported, which it
consumes itself.

`telling` decides who is told what and when, `news` what subscribers hear, `subscribing` knows who they are; `writing`
words it; `delivery` and `sending` bring it to the person, once; `reports` and `replies` take what comes back.
"""
