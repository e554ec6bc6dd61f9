"""What is known of each unit: covariates, the formulas that combine them, and how they change with age."""
