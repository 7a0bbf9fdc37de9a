"""What the far ends report afterwards: delivery receipts, bounces, complaints."""
