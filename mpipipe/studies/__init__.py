"""The studies: which data, methods, conditions, tables and figures each paper needs, and the plan of all jobs."""
