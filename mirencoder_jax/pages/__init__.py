"""What a person looks at: inspections, drawings, cards, plots."""
