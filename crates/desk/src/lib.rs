//! What a user can do, one file per use case, as functions and jobs; wire types; error codes.
#![forbid(unsafe_code)]
