-- Run once by the container of PostgreSQL, when its volume is new: the ledger's database is made by
-- its POSTGRES_DB, Prefect's here.
create database prefect;
