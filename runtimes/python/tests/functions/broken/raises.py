raise RuntimeError("at import: é")
