"""The node's own LevelDB: blocks and their index, batches, journal, outbox, sign-once records."""
