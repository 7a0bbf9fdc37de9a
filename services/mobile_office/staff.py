"""Staff: the roles of this service, and what its endpoints and pages for staff ask for."""

from typing import Annotated, Final

from fastapi import Depends

from shared.act import Act
from shared.http import act_of
from shared.web.staff.visit import StaffVisit, staff

CLERK: Final = "mobile_office:staff"
LEAD: Final = "mobile_office:lead"

StaffAct = Annotated[Act, Depends(act_of(CLERK))]
LeadAct = Annotated[Act, Depends(act_of(LEAD))]
Clerk = Annotated[StaffVisit, Depends(staff(CLERK))]
Lead = Annotated[StaffVisit, Depends(staff(LEAD))]
