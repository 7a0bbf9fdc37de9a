"""The waiting list: who is told when something frees up, and who is offered which freed seat until when."""
