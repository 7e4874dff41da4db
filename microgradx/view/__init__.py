"""What people look at: names, drawings, the stepper, explanations, pages."""
