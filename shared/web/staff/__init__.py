"""Pages for staff: sign-in with the city's identity provider, what a session may do, and the frame of the pages.

A service adds the sign-in and its start page, and says what else there is::

    parts = Parts(routers=[staff_pages(tools.name), *STAFF_PAGES], ...)
    app.state.staff_area = StaffArea(entries, actions)  # of the navigation, and of the audit log

A page asks for a role; somebody not signed in is sent to the sign-in and comes back afterwards::

    Clerk = Annotated[StaffVisit, Depends(staff("appointments:staff"))]

    @router.post("/appointments/staff/{number}/arrived")
    async def arrived(visit: Clerk, number: str) -> RedirectResponse:
        visit.who.must_serve(station)
        await visit.act.note("arrived", station=station, number=number)

Its template extends `staff.html`; its forms are `{% call ui.form(action, session=session) %}`, because a post without
the session's form token is refused.
"""
