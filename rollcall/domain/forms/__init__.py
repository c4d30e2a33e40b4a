"""What an administrator fills in where there is only Prefect's run form; it means what JSON means.

Each form compiles into the JSON that the command line reads (docs/contract.md), and that alone
decides what it means. Shapes are those that both of Prefect's interfaces draw well: plain lists
and choices, optional parts that stay closed, a `position` for each field, because PostgreSQL
forgets their order.
"""
