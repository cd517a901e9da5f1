"""An organisation's own tables: brought by an admin, checked and run on by the batch worker, then erased."""
