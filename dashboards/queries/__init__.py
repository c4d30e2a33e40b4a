"""What the views read: SQL on the ledger, a page at a time; nothing here changes anything."""
