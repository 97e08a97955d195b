"""A sound as partials on a pitch contour and what is left: for morphs and transfers that have one pitch."""
