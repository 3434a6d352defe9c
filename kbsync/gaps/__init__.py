"""Which topics customers ask about, and what the articles do for them."""
