//! Why the store refuses.

/// A failure, as a sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The home folder cannot be made or written.
    #[error(
        "the folder {folder} cannot be written ({reason}); choose another with OVERREAD_HOME, or change its permissions"
    )]
    ReadOnly {
        /// Folder.
        folder: String,
        /// In words.
        reason: String,
    },
    /// Another program holds the database.
    #[error("another program is using Overread's database; close it, then try again")]
    Locked,
    /// The disk is full.
    #[error("the disk is full, so this was not kept; make room, then try again")]
    DiskFull,
    /// The file is damaged.
    #[error(
        "the database is damaged ({0}); move overread.sqlite aside and put the newest file of the backups folder in its place"
    )]
    Damaged(String),
    /// Written by a newer version.
    #[error(
        "the database was written by a newer Overread (schema {found}, this one knows {known}); use the newer version"
    )]
    Newer {
        /// In the file.
        found: u32,
        /// Known here.
        known: u32,
    },
    /// Anything else.
    #[error("the database failed: {0}; try again, nothing that was saved is lost")]
    Sql(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly {
                    folder: "of the database".to_owned(),
                    reason: error.to_string(),
                }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sql(error.to_string()),
        }
    }
}
