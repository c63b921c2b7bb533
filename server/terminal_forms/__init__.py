"""Forms I and II (様式Ⅰ, 様式Ⅱ): terminals of municipalities, listed and issued (TRM-1, TRM-2)."""
