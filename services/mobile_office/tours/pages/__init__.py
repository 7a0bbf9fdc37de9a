"""Pages of tours: the tour plan and its stops for citizens, planning and what happens on the way for staff."""
