"""The DAG's jobs, one module a noun: each turns a recipe and named paths into one artifact."""
