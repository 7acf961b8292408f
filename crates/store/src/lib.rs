//! What is kept: SQLite, migrations, atomic files.
#![forbid(unsafe_code)]
