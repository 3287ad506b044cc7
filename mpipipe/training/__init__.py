"""Preparation of methods: networks are trained, classical methods tuned on the validation split."""
