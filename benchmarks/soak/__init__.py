"""Programs that try to break what must not break, many thousand times over."""
