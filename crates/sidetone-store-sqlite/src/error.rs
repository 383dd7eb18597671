//! What goes wrong between the database and the contract.

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;
use sidetone_store::StoreError;

/// Result of work on a connection.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// An error of the contract that `SQLite`'s own become by `?`.
#[derive(Debug, Clone)]
pub(crate) struct Error(pub(crate) StoreError);

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Error> for StoreError {
    fn from(Error(error): Error) -> Self {
        error
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self(match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Unavailable(error.to_string()),
            // The reader that set the budget knows how large it was.
            Some(ErrorCode::OperationInterrupted) => StoreError::TooExpensive(error.to_string()),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) => {
                StoreError::Invalid(error.to_string())
            }
            _ => StoreError::Corrupt(error.to_string()),
        })
    }
}

impl From<FromSqlError> for Error {
    fn from(error: FromSqlError) -> Self {
        Self(StoreError::Corrupt(format!("stored value: {error}")))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self(StoreError::Corrupt(format!("stored JSON: {error}")))
    }
}
