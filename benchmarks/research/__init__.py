"""Programs that chose settings, or tell what a part of the recipe is worth."""
