"""Batch jobs: what each line of a file asks for, its sampling parameters, and a journal that survives a kill."""
