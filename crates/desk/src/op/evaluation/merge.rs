//! Shards of a run put together; mixed settings are refused.
